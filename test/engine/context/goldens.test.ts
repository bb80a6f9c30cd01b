/**
 * PECoRe against Inseq 0.7.1's `attribute-context` on the tiny models.
 *
 * The library decodes each prefix and encodes it again, and counts places in texts that it tokenized by themselves: where
 * these have another number of tokens, it attributes the token after the flagged one; where the text begins with a
 * special token, its scores of the context are those of one token before. Each case is therefore compared at the place
 * that the library really attributed and in the rows that it really read.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reliance, relianceOn } from '../../../src/engine/context/reliance.ts';
import { answerOfTexts } from '../../../src/engine/context/texts.ts';
import { salient, thresholdOf } from '../../../src/results/salience.ts';
import { type ContextCase, contextCases, contextModels } from '../../support/goldens.ts';
import { TinyContext, textsRequest } from './tiny-context.ts';

/** Of the largest score, as the README of the golden files has them. */
const CTI_TOLERANCE = 2e-3;
const CCI_TOLERANCE = 1e-3;
/**
 * Saturated attention, where float32 itself leaves no more digits: of one cell the library gives 0.03176, the native
 * backend 0.03171, WASM 0.03182.
 */
const ROUNDED = new Map([['bart-tiny pcxmi-top2-b', 4e-3]]);
/**
 * Its files were made with transformers 5.18, whose Marian gives other logits than 4.57's (which the files of forward
 * passes have) from the second position of the decoder on; before it they agree.
 */
const ALIEN = 'marian-tiny';

for (const name of contextModels()) {
  test(`${name}: context-sensitive tokens and their cues`, async (t) => {
    const tiny = await TinyContext.load(name);
    t.after(() => tiny.dispose());
    let compared = 0;
    let skipped = 0;
    for (const [id, golden] of contextCases(name)) {
      const request = textsRequest(golden);
      const { limit } = tiny;
      // All tokens are flagged, so that there is a column for whichever the library attributed.
      const job = tiny.job({ ...request, context_sensitivity_std_threshold: null, context_sensitivity_topk: null });
      const answer = await answerOfTexts(request, tiny.options()).catch((error: Error) => error);
      if (answer instanceof Error) {
        assert.match(answer.message, new RegExp(`more than the ${limit} positions`), `${id}: ${answer.message}`);
        continue;
      }
      const found = await relianceOn(job, answer, () => {});
      if (golden.output === undefined) {
        // What the library breaks on has the result that the paper defines.
        assert.ok(found.flagged.length === answer.positions.length && found.metric.every(Number.isFinite), id);
        continue;
      }
      const { output } = golden;
      assert.deepEqual(tiny.contextlessTokens(answer), output.output_current_tokens.map(withoutContrast), id);
      if (name === ALIEN) {
        const isFirst = answer.positions[0] === 1;
        if (isFirst) assertScores(found.metric.subarray(0, 1), output.cti_scores.slice(0, 1), CTI_TOLERANCE, id);
        compared += isFirst ? 1 : 0;
        continue;
      }
      assertScores(found.metric, output.cti_scores, CTI_TOLERANCE, `${id}: cti_scores`);
      const threshold = thresholdOf(found.metric, request.context_sensitivity_std_threshold);
      const flagged = salient(found.metric, threshold, request.context_sensitivity_topk);
      assertOrder(flagged, output, id);
      // Special tokens within the source, such as unknown ones, are gone where the library reads it.
      const inner = answer.contextual.sourceIds?.slice(1, -1) ?? [];
      if (Array.from(inner).some((token) => tiny.model.tokenizer.specialIds.has(token))) continue;
      for (const cue of output.cci_scores) {
        const place = tiny.placeOf(golden, cue);
        const read = answer.contextual.targetIds.subarray(0, place.ids.length);
        const index: number = answer.positions.indexOf(place.ids.length - 1);
        if (index < 0 || read.join() !== place.ids.join()) {
          skipped += 1;
          continue;
        }
        const { column, contrastId } = flaggedAt(found, index);
        const label = `${id}: token ${cue.cti_idx}`;
        if (cue.contrast_token !== null) {
          const said = contrastId === null ? null : tiny.model.tokenizer.idToToken(contrastId);
          // The library drops special tokens of what it generates, and takes the token before them.
          const isSpecial = tiny.model.tokenizer.specialIds.has(contrastId ?? -1);
          if (isSpecial || !tiny.samePrefix(answer, index, cue, golden)) {
            skipped += 1;
            continue;
          }
          // Bytes that make a character are one token where the library has encoded them again.
          if (!/^<0x..>$/.test(said ?? '')) assert.equal(said, cue.contrast_token, label);
        }
        const most = Math.max(
          ...[...(cue.input_context_scores ?? []), ...(cue.output_context_scores ?? [])].map(Math.abs),
        );
        for (const [side, theirs, context] of [
          ['input', cue.input_context_scores, answer.inputContext],
          ['output', cue.output_context_scores, answer.outputContext],
        ] as const) {
          if (theirs === null || context === null) continue;
          const scores = found.scores[context.side]?.[column] ?? new Float32Array(0);
          const rows = tiny.rowsOf(golden, side, theirs.length);
          const own = rows.map((row) => scores[row]);
          assertScores(
            own,
            theirs,
            ROUNDED.get(`${name} ${id}`) ?? CCI_TOLERANCE,
            `${label}: ${side}_context_scores`,
            most,
          );
          compared += 1;
        }
      }
    }
    t.diagnostic(`${compared} columns compared, ${skipped} of other tokens`);
    const least = name === ALIEN ? 9 : 38;
    assert.ok(compared >= least, `only ${compared} columns could be compared, ${skipped} could not`);
  });
}

/** The library shows a token that it compared with another one as `other → token`. */
const withoutContrast = (token: string): string => token.split(' → ').at(-1) ?? token;

function flaggedAt({ flagged }: Reliance, index: number): Reliance['flagged'][number] {
  const found = flagged.find((one) => one.index === index);
  assert.ok(found, `token ${index} was not attributed`);
  return found;
}

function assertScores(
  own: ArrayLike<number>,
  theirs: readonly number[],
  tolerance: number,
  label: string,
  most = Math.max(...theirs.map(Math.abs)),
): void {
  assert.equal(own.length, theirs.length, label);
  theirs.forEach((value, at) => {
    const difference = Math.abs(own[at] - value);
    assert.ok(difference <= tolerance * most, `${label}[${at}]: ${own[at]} is not ${value} (of ${most})`);
  });
}

/** Flagged in the same order, but for neighbors that the tolerance cannot tell apart. */
function assertOrder(own: readonly number[], output: NonNullable<ContextCase['output']>, label: string): void {
  assert.equal(own.length, output.cci_scores.length, `${label}: flagged`);
  const most = Math.max(...output.cti_scores.map(Math.abs));
  output.cci_scores.forEach(({ cti_idx: index }, rank) => {
    const difference = Math.abs(Math.abs(output.cti_scores[own[rank]]) - Math.abs(output.cti_scores[index]));
    assert.ok(difference <= CTI_TOLERANCE * most, `${label}: rank ${rank} is ${own[rank]}, not ${index}`);
  });
}
