/** Keeps the tokens of some spans of the source and of the prompt; generated tokens always stay. */

import { Type } from 'typebox';
import type { SequenceAttribution } from '../../scores.ts';
import { readSpans, type Span, spansSchema } from '../../spans.ts';
import { argumentFault, defineAggregator } from '../aggregator.ts';
import { takeRows } from '../arrays.ts';
import { mapValues } from '../merge.ts';

const Args = Type.Object(
  {
    source_spans: spansSchema('Source tokens to keep'),
    target_spans: spansSchema('Target tokens to keep of those before the first attributed one'),
  },
  { additionalProperties: false },
);

const slices = defineAggregator({
  id: 'slices',
  name: 'Slices',
  description: 'Keeps only the given spans of the source and of the prompt; generated tokens always stay.',
  argsSchema: Args,
  apply(sequence, args) {
    const { source_spans, target_spans } = args;
    const { source, target, attrPosStart } = sequence;
    const sourceSpans = readSpans(source_spans, source.length, (message) => argumentFault('source_spans', message));
    const targetSpans = readSpans(target_spans, target.length, (message) => argumentFault('target_spans', message));
    const beyond = targetSpans.find(({ end }) => end > attrPosStart);
    if (beyond !== undefined) {
      throw argumentFault(
        'target_spans',
        `the span [${beyond.start}, ${beyond.end}] reaches into the attributed tokens, which begin at ` +
          `${attrPosStart} and always stay`,
      );
    }
    return slice(sequence, sourceSpans, targetSpans);
  },
});

export default slices;

function slice(sequence: SequenceAttribution, sourceSpans: Span[], targetSpans: Span[]): SequenceAttribution {
  const { source, target, attrPosStart, attrPosEnd, sourceAttributions, targetAttributions } = sequence;
  const sourceRows = sourceSpans.length > 0 ? positions(sourceSpans) : positions([{ start: 0, end: source.length }]);
  const prefix = targetSpans.length > 0 ? positions(targetSpans) : positions([{ start: 0, end: attrPosStart }]);
  const targetRows = [...prefix, ...positions([{ start: attrPosStart, end: target.length }])];
  const dropped = attrPosStart - prefix.length;
  return {
    ...sequence,
    source: sourceRows.map((row) => source[row]),
    target: targetRows.map((row) => target[row]),
    attrPosStart: prefix.length,
    attrPosEnd: attrPosEnd - dropped,
    ...(sequence.targetSpans && {
      targetSpans: sequence.targetSpans.map(({ first, last, ...span }) => ({
        ...span,
        first: first - dropped,
        last: last - dropped,
      })),
    }),
    sourceAttributions: sourceAttributions && takeRows(sourceAttributions, sourceRows),
    targetAttributions:
      targetAttributions &&
      takeRows(
        targetAttributions,
        targetRows.filter((row) => row < targetAttributions.shape[0]),
      ),
    sequenceScores: mapValues(sequence.sequenceScores, (scores, name) => {
      const rows = name.startsWith('decoder') ? targetRows : sourceRows;
      return takeRows(
        scores,
        rows.filter((row) => row < scores.shape[0]),
      );
    }),
  };
}

function positions(spans: readonly Span[]): number[] {
  return spans.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
}
