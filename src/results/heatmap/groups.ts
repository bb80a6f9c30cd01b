/** The rows of a sequence's tables: its tokens in groups, by where they stand. */

import type { ResultSequence, ResultToken, Scores } from '../../contract/result.ts';
import type { Group, Row } from './table.ts';
import type { Shown } from './tokens.ts';

/** How the tokens of each side are shown. */
export interface Readers {
  source: (token: string) => Shown;
  target: (token: string) => Shown;
}

/**
 * One row for each token that counts for something.
 * @param cellsOf - a token's scores [steps] to the cells of its row
 * @param keyed - whether the rows are tied to the text above
 */
export function tokenGroups(
  sequence: ResultSequence,
  readers: Readers,
  cellsOf: (scores: Scores[]) => (number | null)[],
  keyed = true,
): Group[] {
  const { source, target, attr_pos_start: start } = sequence;
  const groups: Group[] = [];
  const add = (title: string, side: 's' | 't', tokens: ResultToken[], scores: Scores[][] | null, from = 0): void => {
    const read = side === 's' ? readers.source : readers.target;
    const rows = (scores ?? []).slice(from, from + tokens.length).map((values, i): Row => {
      return { key: keyed ? `${side}${from + i}` : null, header: read(tokens[i].token), values: cellsOf(values) };
    });
    const applicable = rows.filter(({ values }) => values.some((value) => value !== null));
    if (applicable.length > 0) groups.push({ title, rows: applicable });
  };
  add('Source', 's', source, sequence.source_attributions);
  const prefix = source.length > 0 ? 'Target start' : 'Prompt';
  add(prefix, 't', target.slice(0, start), sequence.target_attributions);
  add('Generated before', 't', target.slice(start), sequence.target_attributions, start);
  return groups;
}
