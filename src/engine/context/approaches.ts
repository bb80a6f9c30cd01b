/**
 * Scores of units for parts of an answer: by random ablations and a sparse linear model of what they change (ContextCite,
 * Cohen-Wang et al. 2024, arXiv:2409.00729), by leaving each unit out once (the drop of log-probability, or the
 * Jensen-Shannon divergence of ARC-JSD, arXiv:2505.16415), and by the scores of tokens summed over units.
 */

import type { AnswerCopies } from '../../attribution/sources/answer-copies.ts';
import { goodness, lasso } from '../../attribution/sources/lasso.ts';
import type { DocumentsRequest } from '../../contract/attribute-context-request.ts';
import type { Citation, Sources } from '../../contract/attribute-context-result.ts';
import { Random } from '../../random.ts';
import { toWire } from '../../results/json.ts';
import type { ContextJob } from './context-job.ts';
import type { DocumentsAnswer } from './documents-answer.ts';
import { type Part, sumOver } from './parts.ts';
import type { Reliance } from './reliance.ts';
import { type TokenScores, tokenScores } from './token-scores.ts';

export interface UnitScores {
  /** [units][parts] */
  scores: Float64Array[];
  /** Of each part's surrogate. */
  fits?: Citation['fit'][];
  tokens?: Sources['token_scores'];
}

export interface ApproachSetting {
  job: ContextJob<DocumentsRequest>;
  answer: DocumentsAnswer;
  parts: readonly Part[];
  copies: AnswerCopies;
  /** Log-probabilities of the answer's tokens: [tokens] */
  clean: Float32Array;
  onProgress(done: number, total: number): void;
}

/** Where a probability is 1 to float32's last digit, its logit is taken for this log-probability. */
const LEAST_DOUBT = -(2 ** -24);

/** ContextCite: weights of the surrogate of the logit-scaled probability, in its unit (log-odds). */
export async function byAblation({ job, answer, parts, copies, onProgress }: ApproachSetting): Promise<UnitScores> {
  const { num_ablations: fitted, held_out_ablations: heldOut, ablation_keep_prob: keep, lasso_alpha } = job.request;
  const random = new Random(job.request.seed);
  const masks = Array.from({ length: fitted + heldOut }, () =>
    Uint8Array.from({ length: answer.units.length }, () => (random.uniform() < keep ? 1 : 0)),
  );
  const readings = masks.map((mask) => answer.without((unit) => mask[unit] === 0));
  const values = await copies.scores(readings, 'log_probability', (done) => onProgress(done, masks.length));
  const scores = answer.units.map(() => new Float64Array(parts.length));
  const fits = parts.map(({ tokens }, c): Citation['fit'] => {
    // As in the paper's code, fitted per token, so that the penalty means the same for answers of any length.
    const count = Math.max(1, tokens.length);
    const targets = values.map((row) => logit(sumOver(row, tokens)) / count);
    const rows = masks.slice(0, fitted);
    const model = lasso(rows, targets, lasso_alpha);
    const unseen = goodness(model, masks.slice(fitted), targets.slice(fitted));
    model.weights.forEach((weight, u) => {
      scores[u][c] = weight * count;
    });
    return {
      r2: wire(goodness(model, rows, targets).r2),
      held_out_r2: wire(unseen.r2),
      held_out_error: wire(unseen.error === null ? null : unseen.error * count),
      intercept: wire(model.intercept * count),
    };
  });
  return { scores, fits };
}

const wire = (value: number | null): number | null => (value === null ? null : toWire(value));

/** log(p / (1 - p)) of log p. */
function logit(logProbability: number): number {
  const bounded = Math.min(logProbability, LEAST_DOUBT);
  return bounded - Math.log(-Math.expm1(bounded));
}

/** What the answer loses without each unit. */
export async function byLeavingOneOut({
  job,
  answer,
  parts,
  copies,
  clean,
  onProgress,
}: ApproachSetting): Promise<UnitScores> {
  const { divergence } = job.request;
  const readings = answer.units.map((_, left) => answer.without((unit) => unit === left));
  const values = await copies.scores(readings, divergence, (done) => onProgress(done, readings.length));
  const scores = values.map((row) =>
    Float64Array.from(parts, ({ tokens }) =>
      divergence === 'log_probability' ? sumOver(clean, tokens) - sumOver(row, tokens) : sumOver(row, tokens),
    ),
  );
  return { scores };
}

/**
 * Scores of tokens, summed over the tokens of a unit and averaged over those of a part: of all tokens of the answer, or of
 * those that depend on the documents.
 */
export async function byTokens(setting: ApproachSetting, reliance: Reliance | null): Promise<UnitScores> {
  const { job, answer, parts, onProgress } = setting;
  const { unitTokens, side, positions, tokens } = answer;
  const found: TokenScores = reliance?.scores ?? (await tokenScores(job, answer, positions, null, onProgress));
  const columnOf = new Map(reliance?.flagged.map(({ index, column }) => [index, column]));
  const columnsOf = (k: number): Float32Array | undefined =>
    found[side]?.[reliance === null ? k : (columnOf.get(k) ?? -1)];
  const scores = unitTokens.map((own) =>
    Float64Array.from(parts, ({ tokens: answered }) => {
      const columns = answered.map(columnsOf).filter((column) => column !== undefined);
      if (columns.length === 0) return 0;
      return columns.reduce((sum, column) => sum + sumOver(column, own), 0) / columns.length;
    }),
  );
  const input = tokens[side].slice(0, side === 'target' ? positions[0] : undefined);
  return {
    scores,
    tokens: {
      input_tokens: input.map((token) => ({ ...token })),
      answer_tokens: Array.from(positions, (at) => ({ ...tokens.target[at] })),
      scores: input.map((_, i) => Array.from(positions, (_at, k) => wire(columnsOf(k)?.[i] ?? null))),
    },
  };
}
