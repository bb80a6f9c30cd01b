/** Beam search on a decoder that is a table: scores of the next token depend on the last one alone. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beamSearch } from '../../src/generation/beam-search.ts';
import type { DecoderState } from '../../src/generation/decoder-state.ts';
import { type GenerationOptions, GREEDY } from '../../src/generation/options.ts';
import { Random } from '../../src/random.ts';

const VOCAB = 5;

/** Row: last token; column: logit of the next one. */
const TABLE = [
  [0.3, 1.2, -0.4, 0.8, 0.1],
  [1.5, -1.0, 0.9, 0.2, 0.4],
  [-0.3, 0.7, 0.6, 1.4, -0.8],
  [0.5, 0.1, 1.1, -0.6, 0.9],
  [0.2, 0.4, -0.2, 1.0, 0.3],
];

/** What beam search needs of a decoder. */
class TableState {
  extend(tokens: Int32Array): Float32Array {
    return Float32Array.from(Array.from(tokens).flatMap((token) => TABLE[token]));
  }
}

const search = (changes: Partial<GenerationOptions>, seed = 1, prompt = [0]): Promise<number[]> => {
  const state = new TableState() as unknown as DecoderState;
  const first = Float32Array.from(TABLE[prompt[prompt.length - 1]]);
  const options = { ...GREEDY, ...changes };
  const start = { sourceIds: null, targetIds: Int32Array.from(prompt) };
  return beamSearch(state, start, first, options, new Random(seed), async () => {});
};

const logShares = (row: number[]): number[] => {
  const total = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return row.map((logit) => logit - total);
};

/** Score of a text as transformers adds it up: rules change the log-probabilities of the next token. */
function scoreOf(ids: number[], from: number, change: (scores: number[], before: number[]) => void): number {
  let score = 0;
  for (let at = from; at < ids.length; at++) {
    const scores = logShares(TABLE[ids[at - 1]]);
    change(scores, ids.slice(0, at));
    score += scores[ids[at]];
  }
  return score;
}

/** Every text of so many more tokens. */
function allTexts(prompt: number[], more: number): number[][] {
  if (more === 0) return [prompt];
  return allTexts(prompt, more - 1).flatMap((text) => Array.from({ length: VOCAB }, (_, token) => [...text, token]));
}

function bestText(prompt: number[], more: number, change: (scores: number[], before: number[]) => void): number[] {
  const texts = allTexts(prompt, more).map((text) => ({ text, score: scoreOf(text, prompt.length, change) }));
  return texts.reduce((a, b) => (b.score > a.score ? b : a)).text;
}

describe('beam search with beams for every text', () => {
  // 125 beams hold every text of three tokens, so that the search finds the best of all of them.
  const all = { numBeams: 125, maxNewTokens: 3 };

  it('finds the best text', async () => {
    assert.deepEqual(
      await search(all),
      bestText([0], 3, () => {}),
    );
  });

  it('with a repetition penalty, on log-probabilities', async () => {
    const penalize = (scores: number[], before: number[]) => {
      for (const id of new Set(before)) scores[id] *= 3;
    };
    const best = bestText([0], 3, penalize);
    assert.notDeepEqual(
      best,
      bestText([0], 3, () => {}),
    );
    assert.deepEqual(await search({ ...all, repetitionPenalty: 3 }), best);
  });

  it('without repeated pairs, and with tokens of its own forbidden', async () => {
    const forbid = (scores: number[], before: number[]) => {
      scores[3] = -Infinity;
      const last = before[before.length - 1];
      for (let i = 0; i + 1 < before.length; i++) if (before[i] === last) scores[before[i + 1]] = -Infinity;
    };
    const prompt = [0, 1, 0];
    const best = bestText(prompt, 3, forbid);
    assert.notDeepEqual(
      best,
      bestText(prompt, 3, () => {}),
    );
    assert.deepEqual(await search({ ...all, noRepeatNgramSize: 2, suppressTokens: [3] }, 1, prompt), best);
  });

  it('ends no sooner than min_new_tokens allows', async () => {
    const eos = 1;
    const shortest = await search({ ...all, eosIds: [eos], lengthPenalty: 0 });
    assert.deepEqual(shortest, [0, eos]);
    const forbid = (scores: number[], before: number[]) => {
      if (before.length - 1 < 2) scores[eos] = -Infinity;
    };
    assert.deepEqual(
      await search({ ...all, eosIds: [eos], minNewTokens: 2, lengthPenalty: 0 }),
      bestText([0], 3, forbid),
    );
  });
});

describe('beam sampling', () => {
  it('draws the candidates without replacement, by their probability', async () => {
    // Two beams draw four of the tokens; the first two may end the text, and the likelier of them is given.
    const weights = logShares(TABLE[0]).map((score) => Math.exp(score));
    const expected = new Array<number>(VOCAB).fill(0);
    for (let first = 0; first < VOCAB; first++) {
      for (let second = 0; second < VOCAB; second++) {
        if (second === first) continue;
        const chance = (weights[first] * weights[second]) / (1 - weights[first]);
        expected[weights[first] > weights[second] ? first : second] += chance;
      }
    }
    const draws = 4000;
    const found = new Array<number>(VOCAB).fill(0);
    for (let seed = 0; seed < draws; seed++) {
      found[(await search({ doSample: true, topK: 0, numBeams: 2, maxNewTokens: 1 }, seed))[1]] += 1 / draws;
    }
    // Four standard errors.
    found.forEach((share, id) => {
      assert.ok(Math.abs(share - expected[id]) < 0.032, `token ${id}: ${share}, expected ${expected[id]}`);
    });
    assert.equal(found[2], 0, 'the least likely of all is never the better of two');
  });

  it('obeys temperature and top_k, which leaves one token more than may end the text', async () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const [, token] = await search({ doSample: true, topK: 1, numBeams: 2, maxNewTokens: 1, eosIds: [0] }, seed);
      seen.add(token);
    }
    // Two stay; with both of them drawn, the likelier is given.
    assert.deepEqual([...seen], [1]);
    const cold = { doSample: true, topK: 0, numBeams: 4, maxNewTokens: 4, temperature: 0.01 };
    assert.deepEqual(await search(cold), await search({ ...cold, doSample: false }));
  });
});
