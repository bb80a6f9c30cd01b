/**
 * The golden files in test/fixtures: numbers that the reference library computed. Typed loaders for them and the
 * directories of the tiny models that they belong to. `scripts/pack-goldens.ts` packs them.
 */

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ArchivedFile, unpack } from './archive.ts';
import type { Golden, GoldenTensor, GoldenTolerance } from './close.ts';

export { assertClose, type Golden, type GoldenTensor, numbers } from './close.ts';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const cache = fileURLToPath(new URL('../../.whence/test-models/', import.meta.url));

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** Arguments as the reference library was given them. */
export type Args = { [key: string]: Json };
/** `[token, id]`; id -1 where the library joined two tokens. */
type GoldenToken = [string, number];

/** The scores of one sequence; the axes are those of `SequenceAttribution`. */
export interface GoldenSequence {
  class: string;
  attr_pos_start: number;
  attr_pos_end: number;
  source: GoldenToken[];
  target: GoldenToken[];
  source_attributions: GoldenTensor | null;
  target_attributions: GoldenTensor | null;
  step_scores: Record<string, Golden[]>;
  /** Absent in attributions_v040. */
  sequence_scores?: Record<string, GoldenTensor>;
  /** The reference library's default aggregation, or the error that it failed with; absent for `dummy`. */
  aggregated?: {
    error?: string;
    aggregator: string | string[];
    source_attributions: GoldenTensor | null;
    target_attributions: GoldenTensor | null;
    sequence_scores?: Record<string, GoldenTensor>;
  };
}

/** One call of the reference library's `attribute`. */
export interface AttributionCase {
  case: string;
  model: string;
  method: string;
  method_kwargs: Args;
  input_texts: string | string[];
  generated_texts: string | string[] | null;
  attribute_kwargs: Args;
  /** As the library names it, such as `probability_fn`; absent in attributions_v040. */
  attributed_fn?: string;
  info: Args & { generated_texts: string[]; input_texts: string[]; attr_pos_start: number; attr_pos_end: number };
  sequences: GoldenSequence[];
  tolerance: GoldenTolerance & { step_scores: { rtol: number; atol: number; deltas: { atol: number } } };
  float64_deviation?: number;
  note?: string;
  /** What stochastic methods drew; see the README of the golden files. */
  rng?: GoldenDraws;
  pos_groups?: number[][];
}

/** What a stochastic method drew, in order over the steps. */
interface GoldenDraws {
  /** gradient_shap: one entry a step. */
  steps?: { rand_coefficient: number[] }[];
  /** gradient_shap with stdevs: one tensor [samples, positions, hidden] a step. */
  noise?: GoldenTensor[];
  /** lime: one entry a perturbation. */
  samples?: { keep: string; weight: number; output: number }[];
  /** reagent: one entry a step, with its rounds. */
  calls?: {
    initial_logit_scores: number[][];
    steps: Record<'probe' | 'stop_check', { ids: number[][]; mask: string[] }>[];
    final_scores: number[][];
    converged: boolean[];
  }[];
  [key: string]: unknown;
}

/** A forward pass, greedy and beam search of one model. */
export interface ForwardFile {
  model: string;
  stored_dtype: string;
  is_encoder_decoder: boolean;
  tolerance: Record<'logits' | 'hidden_states' | 'attentions', GoldenTolerance>;
  tokenizer: {
    text: string;
    ids: number[];
    tokens: string[];
    ids_no_special: number[];
    decoded: string;
    decoded_with_special: string;
    target_ids?: number[];
    tokenizer_json_agrees?: boolean;
  }[];
  cases: ({ key: string; input_ids: number[]; decoder_input_ids?: number[]; logits: number[][] } & Record<
    string,
    unknown
  >)[];
  [key: string]: unknown;
}

/** One model of int8/, or the single layers of int8/linear8bitlt. */
export interface Int8File {
  tolerance: Record<string, unknown>;
  [key: string]: unknown;
}

/** What each aggregator makes of three attributions of one model. */
export interface AggregationFile {
  model: string;
  tolerance: GoldenTolerance;
  inputs: Record<string, Omit<GoldenSequence, 'aggregated'>>;
  cases: {
    case: string;
    input: string;
    paired?: string;
    kwargs: Args;
    result?: Omit<GoldenSequence, 'aggregated'>;
    error?: string;
  }[];
}

/** Monte Carlo dropout of one model. */
export interface McDropoutFile {
  model: string;
  input_texts: string;
  generated_texts: string;
  runs: {
    n_mcd_steps: number;
    logprob: boolean;
    step_scores: Record<string, Golden[]>;
    draws: { original: number; noisy: number[] }[];
  }[];
  statistics: {
    samples: number;
    steps: {
      position: number;
      target_id: number;
      original: number;
      mean: number;
      std: number;
      standard_error_of_mean: number;
      expected_score: number;
    }[];
  };
  dropout_zero: Record<string, Golden[]>;
}

const archives = new Map<string, ArchivedFile[]>();

function archive(name: string): ArchivedFile[] {
  let files = archives.get(name);
  if (files === undefined) {
    files = unpack(readFileSync(join(fixtures, `${name}.br`)));
    archives.set(name, files);
  }
  return files;
}

const parse = ({ bytes }: ArchivedFile) => JSON.parse(Buffer.from(bytes).toString('utf8'));

function casesOf(folder: string, model: string): Map<string, AttributionCase> {
  const files = archive(`${folder}/${model}`).filter(({ path }) => path !== '_failed.json');
  return new Map(files.map((file) => [file.path.replace(/\.json$/, ''), parse(file)]));
}

/** Models that have attribution cases. */
export function attributionModels(): string[] {
  return readdirSync(join(fixtures, 'attributions')).map((name) => name.replace(/\.br$/, ''));
}

/** Attribution cases of a model by name, from Inseq 0.7.1. */
export const attributionCases = (model: string): Map<string, AttributionCase> => casesOf('attributions', model);

/** One call of the reference library's `attribute-context`. */
export interface ContextCase {
  model: string;
  kind: 'decoder-only' | 'encoder-decoder';
  /** Those that differ from the library's defaults. */
  args: { input_current_text: string; output_current_text: string; [name: string]: Json };
  /** Absent where the library refused or broke, as `error` says. */
  output?: {
    input_context_tokens: string[] | null;
    output_context_tokens: string[] | null;
    output_current_tokens: string[];
    cti_scores: number[];
    cci_scores: {
      cti_idx: number;
      cti_score: number;
      contextual_output: string;
      contrast_token: string | null;
      contextless_output: string | null;
      input_context_scores: number[] | null;
      output_context_scores: number[] | null;
    }[];
  };
  error?: string;
}

/** Models that have cases of `attribute-context`. */
export function contextModels(): string[] {
  return readdirSync(join(fixtures, 'context')).map((name) => name.replace(/\.br$/, ''));
}

/** Cases of `attribute-context` of a model by name. */
export const contextCases = (model: string): Map<string, ContextCase> =>
  new Map(archive(`context/${model}`).map((file) => [file.path.replace(/\.json$/, ''), parse(file)]));

/** Attribution cases of a model by name, from Inseq 0.4.0. */
export const attributionCasesV040 = (model: string): Map<string, AttributionCase> =>
  casesOf('attributions_v040', model);

/** Tokenizer, logits, hidden states, attentions and generation of a model. */
export const forwardCases = (model: string): ForwardFile => parse(archive(`forward/${model}`)[0]);

/** `linear8bitlt` or `MODEL-tTHRESHOLD-DTYPE`. */
export const int8Cases = (name: string): Int8File => parse(archive(`int8/${name}`)[0]);

/** Inputs and outputs of the reference library's pure functions. */
export const units = (): Record<string, { what: string; cases: Record<string, unknown>[] }> =>
  parse(archive('units/units')[0]);

/** Contrast alignments found with `aligner-tiny`. */
export const autoAlignment = (): Record<'word_alignments' | 'cases', Record<string, unknown>[]> =>
  parse(archive('units/auto_alignment')[0]);

/** What each aggregator makes of a model's attributions. */
export const aggregationCases = (model: string): AggregationFile => parse(archive(`aggregation/${model}`)[0]);

/** Monte Carlo dropout of a model. */
export const mcDropout = (model: string): McDropoutFile => parse(archive(`mc_dropout/${model}`)[0]);

/** A file that the reference library saved, as bytes (one of them is gzipped). */
export function inseqFormat(file: string): Buffer {
  const found = archive('inseq_format').find(({ path }) => path === file);
  if (found === undefined) throw new Error(`inseq_format holds no ${file}`);
  return Buffer.from(found.bytes);
}

/** Names of the tiny models. */
export function modelNames(): string[] {
  return readdirSync(modelsDirectory());
}

/** The Hugging Face directory of a tiny model, unpacked when first asked for. */
export function modelDir(name: string): string {
  const path = join(modelsDirectory(), name);
  if (!existsSync(path)) throw new Error(`No model ${name} among the fixtures: ${modelNames().join(', ')}`);
  return path;
}

/** The directory of a small model that was really trained: `stories260K` or `aren-translit-m2m100`. */
export function trainedModelDir(name: string): string {
  const path = join(modelsDirectory(['trained']), name);
  if (!existsSync(path)) throw new Error(`No trained model ${name} among the fixtures`);
  return path;
}

/**
 * Unpacks the models once for each content of the archives. Test processes may do so at the same time: each unpacks to
 * a folder of its own and the first rename wins.
 */
function modelsDirectory(archives = ['models', 'sentencepiece']): string {
  const packed = archives.map((name) => readFileSync(join(fixtures, `${name}.br`)));
  const ready = join(cache, createHash('sha256').update(Buffer.concat(packed)).digest('hex').slice(0, 16));
  if (existsSync(ready)) return ready;
  mkdirSync(cache, { recursive: true });
  const mine = mkdtempSync(join(cache, 'unpacking-'));
  for (const { path, bytes } of packed.flatMap(unpack)) {
    mkdirSync(dirname(join(mine, path)), { recursive: true });
    writeFileSync(join(mine, path), bytes);
  }
  try {
    renameSync(mine, ready);
  } catch (error) {
    rmSync(mine, { recursive: true, force: true });
    if (!existsSync(ready)) throw error;
  }
  return ready;
}
