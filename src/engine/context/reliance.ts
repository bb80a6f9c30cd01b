/**
 * PECoRe (Sarti et al. 2024, arXiv:2310.01188): which tokens of an answer depend on the context, by how a contrastive
 * metric tells the answer with the context from the one without, and which tokens of the context they depend on. Both
 * readings are run once; all flagged tokens are attributed from one pass.
 */

import { AttributionError } from '../../attribution/errors.ts';
import { SequenceScores } from '../../attribution/sequence-scores.ts';
import { NO_CONTRAST } from '../../attribution/solo.ts';
import type { GivenContrast } from '../../attribution/step-function.ts';
import type { ContextReliance } from '../../contract/attribute-context-result.ts';
import { resolveGeneration } from '../../generation/resolve.ts';
import { applyRules } from '../../generation/rules.ts';
import { argmax } from '../../generation/sampling.ts';
import { Random } from '../../random.ts';
import { toWire } from '../../results/json.ts';
import { salient, thresholdOf } from '../../results/salience.ts';
import { readKept } from '../../tensors/read.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import { type Answer, sequenceOf } from './answer.ts';
import type { ContextJob } from './context-job.ts';
import { type TokenScores, tokenScores } from './token-scores.ts';

/** Rows of logits that are read from the device at once. */
const ROWS_READ = 16;

/** What both steps found. */
export interface Reliance {
  /** The metric of each token of the answer: [tokens] */
  metric: Float32Array;
  threshold: number;
  /** Tokens that depend on the context, the largest absolute score first. */
  flagged: Flagged[];
  /** Their scores: column k is that of the k-th in the order of the answer. */
  scores: TokenScores;
}

interface Flagged {
  /** Which of the answer's tokens. */
  index: number;
  /** Its column in `scores`. */
  column: number;
  /** The token of the contextless output; null: the attributed function compares with none. */
  contrastId: number | null;
}

/** @param onProgress - units of work that are done, and in all */
export async function relianceOn(
  job: ContextJob,
  answer: Answer,
  onProgress: (completed: number, total: number) => void,
): Promise<Reliance> {
  const { request, model, calls } = job;
  const { contextual, contextless, positions, contextlessPositions } = answer;
  using scores = new SequenceScores({
    shared: job.resources.passesOf(model),
    client: job.client,
    sequence: sequenceOf(contextless, contextlessPositions, model),
    // The reading with context, whatever text the metric's arguments name.
    texts: {
      ...NO_CONTRAST,
      encodeTarget: () => contextual.targetIds,
      encodeSource: contextual.sourceIds === null ? null : () => contextual.sourceIds ?? new Int32Array(0),
    },
    random: new Random(request.seed),
    counters: job.counters,
  });
  const pairs = Array.from(contextlessPositions, (at, k) => [at, positions[k]]);
  const metric = await scores.score({
    ...calls.metric,
    args: {
      ...calls.metric.args,
      contrast_targets: answer.texts.target || ' ',
      contrast_sources: answer.texts.source,
      contrast_targets_alignments: pairs,
    },
  });
  const threshold = thresholdOf(metric, request.context_sensitivity_std_threshold);
  const ranked = salient(metric, threshold, request.context_sensitivity_topk);
  const inOrder = [...ranked].sort((a, b) => a - b);
  if (inOrder.length === 0) return { metric, threshold, flagged: [], scores: { source: null, target: null } };
  const isContrastive = 'contrast_targets' in calls.attributedFn.args;
  const contrastIds = isContrastive ? await contrastTokens(job, answer, scores.logits(), inOrder, ranked) : null;
  const logits = scores.logits();
  using kept = new Kept();
  const given = (from: number, to: number): GivenContrast => {
    const own = inOrder.slice(from, to);
    const ids = (contrastIds ?? new Int32Array(0)).subarray(from, to);
    return {
      ids,
      logits: tf.tidy(() => kept.add(tf.keep(tf.gather(logits, tf.tensor1d(own, 'int32'))))),
      // As in Inseq: what the text says, too, is compared with what it says after the other text.
      forced: own.map(
        (index, k) => calls.attributedFn.fn.id === 'kl_divergence' || contextual.targetIds[positions[index]] === ids[k],
      ),
    };
  };
  const steps = Int32Array.from(inOrder, (index) => positions[index]);
  const found = await tokenScores(job, answer, steps, isContrastive ? given : null, onProgress);
  const flagged = ranked.map((index): Flagged => {
    const column = inOrder.indexOf(index);
    return { index, column, contrastId: contrastIds?.[column] ?? null };
  });
  return { metric, threshold, flagged, scores: found };
}

/** Tensors that are freed together. */
class Kept {
  readonly #tensors: Tensor2D[] = [];

  add(tensor: Tensor2D): Tensor2D {
    this.#tensors.push(tensor);
    return tensor;
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#tensors) tensor.dispose();
  }
}

/**
 * The token that the contextless output goes on with at each flagged place: the request's, or the likeliest by the rules
 * of generation. @param logits - [answer's tokens, vocab] without context
 */
async function contrastTokens(
  { request, model }: ContextJob,
  { contextless, contextlessPositions }: Answer,
  logits: Tensor2D,
  inOrder: readonly number[],
  ranked: readonly number[],
): Promise<Int32Array> {
  const wished = request.contextless_output_next_tokens;
  const asTarget = contextless.sourceIds !== null;
  if (wished.length > 0) {
    if (wished.length !== ranked.length) {
      const message = `has ${wished.length} tokens, but ${ranked.length} tokens of the answer were flagged: give one for each`;
      throw new AttributionError('invalid_contrast', message, '#/contextless_output_next_tokens');
    }
    return Int32Array.from(inOrder, (index) => {
      const text = wished[ranked.indexOf(index)];
      const { ids } = model.tokenizer.encode(text, { addSpecialTokens: false, asTarget });
      if (ids.length === 0) {
        const message = `${JSON.stringify(text)} has no token: give a text`;
        throw new AttributionError('invalid_contrast', message, '#/contextless_output_next_tokens');
      }
      return ids[0];
    });
  }
  const found = new Int32Array(inOrder.length);
  for (let from = 0; from < inOrder.length; from += ROWS_READ) {
    const rows = inOrder.slice(from, from + ROWS_READ);
    const values = await readKept(tf.tidy(() => tf.keep(tf.gather(logits, tf.tensor1d(rows, 'int32')))));
    const width = values.length / rows.length;
    for (const [k, index] of rows.entries()) {
      const ids = Array.from(contextless.targetIds.subarray(0, contextlessPositions[index]));
      const place = { promptLength: ids.length, room: 2, languageId: null };
      const args = { ...request.generation_args, max_new_tokens: 2, min_new_tokens: 0 };
      const { options } = resolveGeneration(model.generation, args, place);
      const scores = values.slice(k * width, (k + 1) * width);
      const encoderIds = contextless.sourceIds ?? ids;
      applyRules(scores, { ids, promptLength: ids.length, maxLength: ids.length + 2, encoderIds }, options);
      found[from + k] = argmax(scores);
    }
  }
  return found;
}

/** The result by Inseq's names. */
export function describeReliance(job: ContextJob, answer: Answer, reliance: Reliance): ContextReliance {
  const { tokenizer } = job.model;
  const { positions, tokens, inputContext, outputContext, contextual, contextless, contextlessPositions } = answer;
  const token = (id: number): string => tokenizer.idToToken(id) ?? '';
  const decode = (ids: Int32Array): string => tokenizer.decode(ids, { skipSpecialTokens: true, cleanUp: false });
  const tokensOfContext = (context: Answer['inputContext']): string[] | null =>
    context?.positions.map((at) => tokens[context.side][at].token) ?? null;
  const scoresOf = (context: Answer['inputContext'], column: number): (number | null)[] | null => {
    const values = context && reliance.scores[context.side]?.[column];
    return context && values ? context.positions.map((at) => toWire(values[at])) : null;
  };
  return {
    input_context: inputContext?.text ?? null,
    input_context_tokens: tokensOfContext(inputContext),
    output_context: outputContext?.text ?? null,
    output_context_tokens: tokensOfContext(outputContext),
    output_current: answer.text,
    output_current_tokens: Array.from(positions, (at) => tokens.target[at].token),
    cti_scores: Array.from(reliance.metric, toWire),
    cti_threshold: toWire(reliance.threshold),
    cci_scores: reliance.flagged.map(({ index, column, contrastId }) => ({
      cti_idx: index,
      cti_token: tokens.target[positions[index]].token,
      cti_score: toWire(reliance.metric[index]),
      contextual_output: decode(contextual.targetIds.subarray(0, positions[index] + 1)),
      contrast_token: contrastId === null ? null : token(contrastId),
      contextless_output:
        contrastId === null
          ? null
          : decode(Int32Array.from([...contextless.targetIds.subarray(0, contextlessPositions[index]), contrastId])),
      input_context_scores: scoresOf(inputContext, column),
      output_context_scores: scoresOf(outputContext, column),
    })),
  };
}
