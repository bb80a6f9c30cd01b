/**
 * ReAGent's chains (Zhao & Shan 2024, arXiv:2402.00794): importance scores of each generated token's context, updated
 * by how its probability changes when random tokens are replaced, until the most important ones alone predict it.
 *
 * Probing copies serve every step at once. Whether a chain has converged depends on its own scores, so that check has a
 * copy for each chain that still runs.
 */

import { embedIds } from '../../../models/model.ts';
import type { Part } from '../../../nn/rows.ts';
import { scoped } from '../../../tensors/ops.ts';
import { tf } from '../../../tensors/tf.ts';
import type { Passes } from '../../passes/passes.ts';
import { ScoreObjective } from '../../passes/score-objective.ts';
import type { Features } from '../../passes/sequence-features.ts';
import type { Scorer } from '../../step-function.ts';
import { logProbability, pick } from '../../step-functions/parts/logits.ts';

/** What chance decides. Tokens are those of the source, then those of the decoder, where each is attributed. */
export interface ChainDraws {
  /** Scores that a chain starts from: [tokens of the step] */
  initial(step: number, probe: number): ArrayLike<number>;
  /** Which tokens a probing copy replaces, and by what: [tokens] each; shared by all steps. */
  probe(round: number, probe: number): { replaced: ArrayLike<number>; ids: ArrayLike<number> };
  /** Replacements of the tokens that a convergence check does not keep: [tokens]; shared by all steps. */
  check(round: number, probe: number): ArrayLike<number>;
}

export interface ChainOptions {
  /** Chains of each step. */
  probes: number;
  maxRounds: number;
  /** A chain has converged when the kept tokens have the generated one among this many best predictions. */
  topK: number;
  /** Tokens kept of a context of `tokens`. */
  keep(tokens: number): number;
  /** Replace the most important tokens instead of keeping them. */
  invert: boolean;
  attributeTarget: boolean;
}

interface Chain {
  step: number;
  probe: number;
  /** In logit space. */
  scores: Float64Array;
  converged: boolean;
}

/** Softmaxed scores of each step, averaged over its converged chains (all of them where none is), and their share. */
export interface StepImportance {
  importance: Float64Array;
  converged: number;
}

/** A copy of the sequence: the id in place of a token; null: it stays. */
type Copy = (token: number) => number | null;

/** Shares are kept this far from 0 and 1, where their logit is infinite. */
const EDGE = 1e-6;
/** Rows from which a micro-batch is better cut short than made larger. */
const ENOUGH_ROWS = 256;

/**
 * Runs all chains.
 * @param onProgress - receives the rounds done
 */
export async function runChains(
  passes: Passes,
  draws: ChainDraws,
  options: ChainOptions,
  onProgress: (rounds: number) => Promise<void>,
): Promise<StepImportance[]> {
  const { steps } = passes;
  const { probes } = options;
  const context = new Context(passes, options.attributeTarget);
  const chains: Chain[] = [];
  for (let step = 0; step < steps; step++) {
    for (let probe = 0; probe < probes; probe++) {
      const scores = Float64Array.from(draws.initial(step, probe));
      chains.push({ step, probe, scores, converged: false });
    }
  }
  const clean = await new ScoreObjective(passes, probability).evaluateSteps(passes.clean);
  for (let round = 0; round < options.maxRounds; round++) {
    const running = chains.filter(({ converged }) => !converged);
    if (running.length === 0) break;
    const probing = Array.from({ length: probes }, (_, probe) => draws.probe(round, probe));
    const copies = probing.map(
      ({ replaced, ids }) =>
        (token: number) =>
          replaced[token] ? ids[token] : null,
    );
    const probed = await context.evaluateAll(probability, copies);
    for (const chain of running) {
      const delta = clean[chain.step] - probed[chain.probe * steps + chain.step];
      update(chain.scores, delta, probing[chain.probe].replaced);
    }
    const replacements = Array.from({ length: probes }, (_, probe) => draws.check(round, probe));
    const checks = running.map(({ scores, probe }) => {
      const kept = topTokens(scores, options.keep(scores.length));
      return (token: number) => (kept.has(token) === options.invert ? replacements[probe][token] : null);
    });
    const ranks = await context.evaluateEach(
      rank,
      checks,
      Int32Array.from(running, ({ step }) => step),
    );
    running.forEach((chain, copy) => {
      chain.converged = ranks[copy] < options.topK;
    });
    await onProgress(round + 1);
  }
  return Array.from({ length: steps }, (_, step) => average(chains.filter((chain) => chain.step === step)));
}

/** The tokens that chains score, and copies of the sequence in which some of them are replaced. */
class Context {
  readonly #passes: Passes;
  readonly #attributeTarget: boolean;

  constructor(passes: Passes, attributeTarget: boolean) {
    this.#passes = passes;
    this.#attributeTarget = attributeTarget;
  }

  /** Scores of every step for each copy, [copies, steps], in micro-batches. */
  async evaluateAll(scorer: Scorer, copies: readonly Copy[]): Promise<Float32Array> {
    const passes = this.#passes;
    const scores = new Float32Array(copies.length * passes.steps);
    const batchSize = passes.plan.copiesEvaluated();
    for (let start = 0; start < copies.length; start += batchSize) {
      const values = await this.#with(copies.slice(start, start + batchSize), passes.length, (features) =>
        new ScoreObjective(passes, scorer).evaluateSteps(features),
      );
      scores.set(values, start * passes.steps);
    }
    return scores;
  }

  /**
   * Scores of one step for each copy, [copies], in micro-batches that end where their last step is read.
   * @param steps - ascending
   */
  async evaluateEach(scorer: Scorer, copies: readonly Copy[], steps: Int32Array): Promise<Float32Array> {
    const passes = this.#passes;
    const scores = new Float32Array(copies.length);
    const batchSize = Math.min(passes.plan.copiesEvaluated(), Math.ceil(ENOUGH_ROWS / passes.length));
    for (let start = 0; start < copies.length; start += batchSize) {
      const some = steps.subarray(start, start + batchSize);
      const length = passes.read[some[some.length - 1]] + 1;
      const values = await this.#with(copies.slice(start, start + batchSize), length, (features) =>
        evaluateSteps(passes, scorer, features, some),
      );
      scores.set(values, start);
    }
    return scores;
  }

  /** What `evaluate` returns for the features of copies of the source and of `length` tokens of the decoder. */
  async #with<T>(copies: readonly Copy[], length: number, evaluate: (features: Features) => Promise<T>): Promise<T> {
    const { sourceIds, targetIds } = this.#passes.sequence;
    const { sourceEmbedding, targetEmbedding } = this.#passes.model;
    const { sourceLength } = this.#passes;
    const fill = (ids: Int32Array, count: number, first: number): Int32Array =>
      Int32Array.from({ length: copies.length * count }, (_, row) => {
        const position = row % count;
        return copies[Math.floor(row / count)](first + position) ?? ids[position];
      });
    const still = (ids: Int32Array): Int32Array =>
      Int32Array.from({ length: copies.length * length }, (_, row) => ids[row % length]);
    const features = scoped(() => ({
      segments: copies.length,
      source: sourceIds && sourceEmbedding && tf.keep(embedIds(sourceEmbedding, fill(sourceIds, sourceLength, 0))),
      target: tf.keep(
        embedIds(targetEmbedding, this.#attributeTarget ? fill(targetIds, length, sourceLength) : still(targetIds)),
      ),
    }));
    try {
      return await evaluate(features);
    } finally {
      features.source?.dispose();
      features.target.dispose();
    }
  }
}

/**
 * Scores of copies at one step each: [segments]
 * @param features - of copies that may all end after the last position that is read
 */
function evaluateSteps(passes: Passes, scorer: Scorer, features: Features, steps: Int32Array): Promise<Float32Array> {
  const targets = steps.map((step) => passes.targets[step]);
  const select = (part: Part): Int32Array => steps.map((step, segment) => part.rowOf(segment, passes.read[step]));
  const run = () => passes.score(features, select, (logits) => scorer({ logits, steps, targets }));
  return passes.result(steps.length, features.segments, run);
}

/** The probability of each row's generated token. */
const probability: Scorer = ({ logits, targets }) => tf.exp(logProbability(logits, targets));

/** How many tokens are predicted before the generated one. */
const rank: Scorer = ({ logits, targets }) => {
  const own = tf.reshape(pick(logits, targets), [-1, 1]);
  return tf.sum(tf.cast(tf.greater(logits, own), 'float32'), 1);
};

/** A drop of the probability raises the scores of replaced tokens and lowers those of the others; a rise, the reverse. */
function update(scores: Float64Array, delta: number, replaced: ArrayLike<number>): void {
  for (let token = 0; token < scores.length; token++) {
    const change = replaced[token] ? delta : -delta;
    const share = Math.min(Math.max(change / 2 + 0.5, EDGE), 1 - EDGE);
    scores[token] += Math.log(share / (1 - share));
  }
}

function topTokens(scores: Float64Array, count: number): Set<number> {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
  return new Set(order.slice(0, count));
}

function average(chains: readonly Chain[]): StepImportance {
  const converged = chains.filter((chain) => chain.converged);
  const used = converged.length > 0 ? converged : chains;
  const importance = new Float64Array(chains[0].scores.length);
  for (const { scores } of used) {
    const largest = scores.reduce((max, value) => Math.max(max, value), Number.NEGATIVE_INFINITY);
    const powers = scores.map((value) => Math.exp(value - largest));
    const total = powers.reduce((sum, value) => sum + value, 0);
    for (let token = 0; token < powers.length; token++) importance[token] += powers[token] / total / used.length;
  }
  return { importance, converged: converged.length / chains.length };
}
