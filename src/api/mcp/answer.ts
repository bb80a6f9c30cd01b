/** A result as an agent reads it: for each generated token the tokens that counted most for it, few enough to read. */

import Type, { type Static } from 'typebox';
import type { Job } from '../../contract/job.ts';
import type { Result, ResultSequence, Scores } from '../../contract/result.ts';
import { singleScore } from '../../view/model/scores.ts';

/** Generated tokens of an answer, and tokens of the input for each. */
const MOST_GENERATED = 64;
const MOST_SOURCES = 5;

const Source = Type.Object({
  token: Type.String(),
  position: Type.Integer({ description: 'In the source of encoder-decoder models, else in the text.' }),
  score: Type.Number(),
});

export const Answer = Type.Object({
  text: Type.String({ description: 'What was generated, or given.' }),
  generated: Type.Array(
    Type.Object({
      token: Type.String(),
      probability: Type.Union([Type.Number(), Type.Null()]),
      sources: Type.Array(Source, { description: 'The strongest first; negative: against the token.' }),
    }),
  ),
  shortened: Type.Boolean({ description: `Whether there are more than ${MOST_GENERATED} generated tokens.` }),
  heatmap: Type.String({ description: 'A link for people; it needs no key, and ends by itself.' }),
});
export type Answer = Static<typeof Answer>;

export function answerOf({ sequences: [sequence], info }: Result, { links }: Job): Answer {
  const { target, attr_pos_start: start, attr_pos_end: end, step_scores } = sequence;
  const columns = Math.min(end - start, MOST_GENERATED);
  return {
    text: info.continuations[0] ?? '',
    generated: Array.from({ length: columns }, (_, t) => ({
      token: target[start + t].token,
      probability: step_scores.probability?.[t] ?? null,
      sources: sourcesOf(sequence, t),
    })),
    shortened: end - start > columns,
    heatmap: links.share ?? links.heatmap,
  };
}

function sourcesOf({ source, target, source_attributions, target_attributions }: ResultSequence, t: number) {
  // Of encoder-decoder models the input is the source.
  const [tokens, matrix] = source_attributions === null ? [target, target_attributions] : [source, source_attributions];
  const scores = (matrix ?? []).map((row: Scores[], position) => ({
    token: tokens[position].token,
    position,
    score: singleScore(row[t] ?? null) ?? 0,
  }));
  return scores
    .filter(({ score }) => score !== 0)
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score))
    .slice(0, MOST_SOURCES);
}

/** The same as text. @param what - a sentence about the numbers */
export function answerText({ text, generated, shortened, heatmap }: Answer, what: string): string {
  const lines = generated.map(({ token, probability, sources }) => {
    const from = sources.map((source) => `${JSON.stringify(source.token)} ${source.score.toFixed(3)}`);
    const sure = probability === null ? '' : ` (probability ${probability.toFixed(3)})`;
    return `${JSON.stringify(token)}${sure} <- ${from.join(', ') || 'nothing'}`;
  });
  return [
    `Output: ${JSON.stringify(text)}`,
    what,
    ...lines,
    ...(shortened ? [`(the first ${MOST_GENERATED} tokens)`] : []),
    `As a picture for people: ${heatmap}`,
  ].join('\n');
}
