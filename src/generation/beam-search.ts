/**
 * Beam search as transformers does it: candidates that end a sequence compete with finished beams by log-probability
 * per (length ** length_penalty); the rest run on until no running beam can beat the worst finished one. With
 * `doSample` the candidates are drawn from all continuations of all beams, without replacement, instead of the best.
 */

import type { Random } from '../random.ts';
import type { DecoderState } from './decoder-state.ts';
import type { Prompt } from './generate.ts';
import type { GenerationOptions } from './options.ts';
import { applyRules } from './rules.ts';
import { logSoftmax, warp } from './sampling.ts';

interface Beam {
  ids: number[];
  /** Sum of log-probabilities. */
  score: number;
}

interface Candidate {
  beam: number;
  token: number;
  score: number;
  /** What candidates are chosen by: the score, or when sampling a draw that prefers high scores. */
  key: number;
}

/** @returns the best sequence, prompt included */
export async function beamSearch(
  state: DecoderState,
  { sourceIds, targetIds: prompt }: Prompt,
  firstLogits: Float32Array,
  options: GenerationOptions,
  random: Random,
  onToken: (generated: number) => void,
): Promise<number[]> {
  const { numBeams, eosIds, lengthPenalty, doSample } = options;
  const encoderIds = sourceIds ?? prompt;
  const promptLength = prompt.length;
  const maxLength = promptLength + options.maxNewTokens;
  const vocab = firstLogits.length;
  let running: Beam[] = [{ ids: Array.from(prompt), score: 0 }];
  let finished: Beam[] = [];
  let logits = firstLogits;
  for (;;) {
    const length = running[0].ids.length;
    const keep = Math.max(2, 1 + eosIds.length) * numBeams;
    const prepare = (scores: Float32Array, ids: readonly number[]): void => {
      logSoftmax(scores);
      applyRules(scores, { ids, promptLength, maxLength, encoderIds }, options);
      // A token that ends no sequence stays among them.
      if (doSample) warp(scores, options, eosIds.length + 1);
      if (options.renormalizeLogits) logSoftmax(scores);
    };
    const candidates = best(running, logits, vocab, keep, prepare, doSample ? () => gumbel(random) : () => 0);
    const ends = ({ token }: Candidate): boolean => eosIds.includes(token) || length + 1 >= maxLength;
    const extend = ({ beam, token, score }: Candidate): Beam => ({ ids: [...running[beam].ids, token], score });
    const divisor = (length + 1 - promptLength) ** lengthPenalty;
    const full = finished.length >= numBeams && options.earlyStopping === true;
    const ended = full ? [] : candidates.slice(0, numBeams).filter(ends).map(extend);
    finished = [...finished, ...ended.map(({ ids, score }) => ({ ids, score: score / divisor }))]
      .sort((a, b) => b.score - a.score)
      .slice(0, numBeams);
    const going = candidates
      .filter((candidate) => !ends(candidate))
      .sort((a, b) => b.score - a.score)
      .slice(0, numBeams);
    onToken(length + 1 - promptLength);
    const worst = finished.length < numBeams ? -Infinity : finished[numBeams - 1].score;
    const patient = options.earlyStopping === 'never' && lengthPenalty > 0;
    const longest = patient ? (maxLength - promptLength) ** lengthPenalty : divisor;
    const hopeful = going.length > 0 && going[0].score / longest > worst;
    if (!hopeful || (options.earlyStopping === true && finished.length >= numBeams)) break;
    const next = going.map(extend);
    logits = await state.extend(
      Int32Array.from(going, ({ token }) => token),
      Int32Array.from(going, ({ beam }) => beam),
    );
    running = next;
  }
  return (finished[0] ?? running[0]).ids;
}

/**
 * Noise which, added to log-probabilities, makes the k largest sums k draws without replacement, in their order
 * (Kool et al. 2019, arXiv:1903.06059).
 */
function gumbel(random: Random): number {
  return -Math.log(-Math.log((random.integer(2 ** 32) + 0.5) / 2 ** 32));
}

/** The `keep` continuations of all beams with the largest score plus noise, largest first. */
function best(
  beams: readonly Beam[],
  logits: Float32Array,
  vocab: number,
  keep: number,
  prepare: (scores: Float32Array, ids: readonly number[]) => void,
  noise: () => number,
): Candidate[] {
  const found: Candidate[] = [];
  beams.forEach(({ ids, score: before }, beam) => {
    const scores = logits.slice(beam * vocab, (beam + 1) * vocab);
    prepare(scores, ids);
    for (let token = 0; token < vocab; token++) {
      const score = before + scores[token];
      if (score === -Infinity) continue;
      const key = score + noise();
      if (found.length === keep && key <= found[keep - 1].key) continue;
      let place = found.length;
      while (place > 0 && found[place - 1].key < key) place--;
      found.splice(place, 0, { beam, token, score, key });
      if (found.length > keep) found.pop();
    }
  });
  return found;
}
