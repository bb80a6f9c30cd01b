/** The tiny models of every family that test/fixtures/families/make.py describes, with what transformers computes. */

import { readdirSync, readFileSync } from 'node:fs';

/** Logits in training mode, with masks that are computed and not drawn. */
export interface TrainingCase {
  rates: Record<string, number>;
  /** How many masks have each "rate x size". */
  masks: Record<string, number>;
  /** Of the last three of the first six tokens. */
  logits: number[][];
}

export interface FamilyCase {
  name: string;
  config: { model_type: string };
  /** As transformers 5 writes it. */
  saved_config: object;
  /** Shapes by name; `weightOf` has the values. */
  tensors: Record<string, number[]>;
  /** Logits of the last three positions, by length of the text. */
  logits: Record<string, number[][]>;
  /** Of the output of each module over the first six tokens: the sum of entries times cos(index), and the L2 norm. */
  modules: Record<string, [sum: number, norm: number]>;
  /** The norm behind the last layer; null where there is none. */
  last_norm: string | null;
  dropout?: TrainingCase[];
  /** Encoder-decoder models: generation from a source and a prompt that hold padding tokens. */
  padded?: {
    source: number[];
    prompt: number[];
    following: number[];
    /** After the prompt, and after each of the tokens that follow. */
    logits: number[][];
  };
}

interface Fixture {
  ids: number[];
  source: number[];
  cases: Record<string, Omit<FamilyCase, 'name'>>;
}

const FOLDER = new URL('../fixtures/families/', import.meta.url);

const fixtures = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Fixture);

/** Ids of the text that every model reads, and of the source that encoders read. */
export const IDS = Int32Array.from(fixtures[0].ids);
export const SOURCE = Int32Array.from(fixtures[0].source);

export const FAMILY_CASES: readonly FamilyCase[] = fixtures.flatMap(({ cases }) =>
  Object.entries(cases).map(([name, fields]) => ({ name, ...fields })),
);

/** The first case of a `model_type`: the family as most checkpoints have it. */
export function caseOfType(type: string): FamilyCase {
  const found = FAMILY_CASES.find(({ config }) => config.model_type === type);
  if (found === undefined) throw new Error(`no tiny model of ${type}: add one to test/fixtures/families/make.py`);
  return found;
}
