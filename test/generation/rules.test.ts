/** Rules on the scores of the next token: which they forbid, and by how much they change the others. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type GenerationOptions, GREEDY } from '../../src/generation/options.ts';
import { applyRules } from '../../src/generation/rules.ts';

/** Scores after the rules of `changes`, for ids with a prompt of `promptLength`. */
function ruled(changes: Partial<GenerationOptions>, ids: number[], scores: number[], promptLength = 1): number[] {
  const found = Float32Array.from(scores);
  applyRules(
    found,
    { ids, promptLength, maxLength: 6, encoderIds: ids.slice(0, promptLength) },
    { ...GREEDY, ...changes },
  );
  return Array.from(found);
}

const FLAT = [1, 1, 1, 1];
/** Which tokens are forbidden. */
const forbidden = (scores: number[]): number[] =>
  scores.flatMap((score, id) => (score === Number.NEGATIVE_INFINITY ? [id] : []));

describe('rules of generation', () => {
  it('leave scores alone when none is on', () => {
    assert.deepEqual(ruled({}, [0, 1, 0, 1], [4, -3, 2, 1]), [4, -3, 2, 1]);
  });

  it('penalize tokens that are there, once each', () => {
    assert.deepEqual(ruled({ repetitionPenalty: 2 }, [0, 1, 1], [4, -3, 2, 1]), [2, -6, 2, 1]);
  });

  it('forbid n-grams that are there', () => {
    assert.deepEqual(forbidden(ruled({ noRepeatNgramSize: 2 }, [0, 1, 2, 0, 3, 0], FLAT)), [1, 3]);
    assert.deepEqual(forbidden(ruled({ noRepeatNgramSize: 3 }, [0, 1, 2, 0, 1], FLAT)), [2]);
    assert.deepEqual(forbidden(ruled({ noRepeatNgramSize: 1 }, [3, 1], FLAT)), [1, 3]);
    assert.deepEqual(forbidden(ruled({ noRepeatNgramSize: 4 }, [0, 1], FLAT)), []);
  });

  it('forbid bad words: their last token behind the others, never an end of sequence', () => {
    const badWordsIds = [[2], [0, 1, 3], [1]];
    assert.deepEqual(forbidden(ruled({ badWordsIds, eosIds: [1] }, [3, 0, 1], FLAT)), [2, 3]);
    assert.deepEqual(forbidden(ruled({ badWordsIds, eosIds: [1] }, [3, 1, 0], FLAT)), [2]);
  });

  it('let no sequence end before min_new_tokens', () => {
    const changes = { minNewTokens: 2, eosIds: [1, 3] };
    assert.deepEqual(forbidden(ruled(changes, [0, 2], FLAT)), [1, 3]);
    assert.deepEqual(forbidden(ruled(changes, [0, 2, 2], FLAT)), []);
  });

  it('force the first and the last token', () => {
    const changes = { forcedBosIds: [2], forcedEosIds: [3] };
    assert.deepEqual(ruled(changes, [0], FLAT), [-Infinity, -Infinity, 0, -Infinity]);
    assert.deepEqual(ruled(changes, [0, 2], FLAT), FLAT);
    assert.deepEqual(ruled(changes, [0, 2, 1, 1, 1], FLAT), [-Infinity, -Infinity, -Infinity, 0]);
  });

  it('make tokens of the input likelier, or forbid its n-grams', () => {
    assert.deepEqual(ruled({ encoderRepetitionPenalty: 2 }, [0, 1, 2], [4, -3, 2, 1], 2), [8, -1.5, 2, 1]);
    assert.deepEqual(forbidden(ruled({ encoderNoRepeatNgramSize: 2 }, [0, 1, 2, 0], FLAT, 3)), [1]);
    assert.deepEqual(forbidden(ruled({ encoderNoRepeatNgramSize: 2 }, [0, 1, 2, 3, 2], FLAT, 3)), []);
  });

  it('let no sequence end before min_length, prompt included', () => {
    assert.deepEqual(forbidden(ruled({ minLength: 3, eosIds: [1] }, [0, 2], FLAT)), [1]);
    assert.deepEqual(forbidden(ruled({ minLength: 3, eosIds: [1] }, [0, 2, 2], FLAT)), []);
  });

  it('force one of several last tokens', () => {
    assert.deepEqual(forbidden(ruled({ forcedEosIds: [3, 1] }, [0, 2, 1, 1, 1], FLAT)), [0, 2]);
  });

  it('add to the last token of a sequence behind the others', () => {
    const sequenceBias = [[[2], -1] as const, [[0, 3], 2] as const];
    assert.deepEqual(ruled({ sequenceBias }, [1, 0], FLAT), [1, 1, 0, 3]);
    assert.deepEqual(ruled({ sequenceBias }, [0, 1], FLAT), [1, 1, 0, 1]);
  });

  it('raise the end of the sequence more with each token', () => {
    const changes = { exponentialDecay: [1, 2] as const, eosIds: [1] };
    assert.deepEqual(ruled(changes, [0, 2], [4, -3, 2, 1]), [4, -3, 2, 1]);
    assert.deepEqual(ruled(changes, [0, 2, 2], [4, -3, 2, 1]), [4, 0, 2, 1]);
    assert.deepEqual(ruled(changes, [0, 2, 2, 2], [4, -3, 2, 1]), [4, 6, 2, 1]);
  });

  it('suppress the first token, behind a forced one', () => {
    const changes = { beginSuppressTokens: [1] };
    assert.deepEqual(forbidden(ruled(changes, [0], FLAT)), [1]);
    assert.deepEqual(forbidden(ruled(changes, [0, 2], FLAT)), []);
    assert.deepEqual(forbidden(ruled({ ...changes, forcedBosIds: [2] }, [0, 2], FLAT)), [1]);
  });

  it('suppress tokens', () => {
    assert.deepEqual(forbidden(ruled({ suppressTokens: [0, 2] }, [0], FLAT)), [0, 2]);
  });
});
