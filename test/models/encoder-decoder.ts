/** The encoder-decoder models of the golden files, and passes over their golden cases. */

import type { Passes } from '../../src/attribution/passes/passes.ts';
import type { Sequence } from '../../src/attribution/passes/sequence-features.ts';
import type { SequenceScores } from '../../src/attribution/sequence-scores.ts';
import { soloScores } from '../../src/attribution/solo.ts';
import type { Scorer } from '../../src/attribution/step-function.ts';
import { type LoadedModel, loadModel } from '../../src/models/load.ts';
import type { LanguageModel } from '../../src/models/model.ts';
import type { Quantization } from '../../src/models/weights.ts';
import { scale } from '../../src/nn/elementwise.ts';
import type { OutlierRule } from '../../src/tensors/matrix.ts';
import { tf } from '../../src/tensors/tf.ts';
import { loadTokenizer, type Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { type AttributionCase, forwardCases, modelDir } from '../support/goldens.ts';

export const ENCODER_DECODERS = [
  'marian-tiny',
  'm2m100-tiny',
  'nllb-tiny',
  'mbart-tiny',
  'bart-tiny',
  't5-tiny',
  't5-tied-tiny',
] as const;

export interface Translator extends LoadedModel {
  tokenizer: Tokenizer;
  /** Languages as the golden files were made with. */
  srcLang: string | null;
  tgtLang: string | null;
  decoderStart: number;
}

export async function loadTranslator(
  name: string,
  quantization: Quantization = 'none',
  rule: OutlierRule = { threshold: 6, outliers: 'row' },
): Promise<Translator> {
  const dir = modelDir(name);
  const loaded = await loadModel(dir, { quantization, rule });
  const golden = forwardCases(name.replace('-int8', '')) as unknown as {
    tokenizer_kwargs: { src_lang?: string; tgt_lang?: string };
    cases: { decoder_input_ids: number[] }[];
  };
  return {
    ...loaded,
    tokenizer: loadTokenizer(dir),
    srcLang: golden.tokenizer_kwargs.src_lang ?? null,
    tgtLang: golden.tokenizer_kwargs.tgt_lang ?? null,
    decoderStart: golden.cases[0].decoder_input_ids[0],
  };
}

/**
 * Marian's decoder in transformers scales the embeddings that it is given, and the library has scaled them before: its
 * numbers are those of a model whose target embeddings are scaled twice. (Whence attributes the model that generates.)
 */
export function asTheLibraryRuns(translator: Translator): Translator {
  const { model } = translator;
  if (model.modelType !== 'marian') return translator;
  const { decoder, targetEmbedding } = model;
  const enter: typeof decoder.enter = (run, x) => decoder.enter(run, scale(run, x, targetEmbedding.scale));
  return { ...translator, model: { ...model, decoder: { ...decoder, enter } } };
}

/**
 * M2M100, NLLB, mBART and BART scale embeddings inside the embedding module in transformers 4.57, where the library's
 * paths of discretized integrated gradients cannot see it: they lie among unscaled embeddings, and so the model is given
 * an input `scale` times too small. (Whence's paths are scaled.)
 */
export function asTheLibraryBuildsPaths(translator: Translator, attributeTarget: boolean): Translator {
  const { model } = translator;
  const { sourceEmbedding, targetEmbedding } = model;
  if (model.modelType === 'marian' || sourceEmbedding === null) return translator;
  const unscaled = <T extends object>(embedding: T): T => ({ ...embedding, scale: 1 });
  return {
    ...translator,
    model: {
      ...model,
      sourceEmbedding: unscaled(sourceEmbedding),
      // What is not attributed is embedded by the module.
      targetEmbedding: attributeTarget ? unscaled(targetEmbedding) : targetEmbedding,
    },
  };
}

/** Decoder ids of a text: the start token before what the tokenizer gives. */
export function encodeTarget(translator: Translator, text: string, addSpecialTokens = true): Int32Array {
  const { tokenizer, tgtLang, decoderStart } = translator;
  const { ids } = tokenizer.encode(text, { asTarget: true, tgtLang, addSpecialTokens });
  return Int32Array.from(ids[0] === decoderStart ? ids : [decoderStart, ...ids]);
}

/** Encoder ids of a text. */
export function encodeSource(translator: Translator, text: string, addSpecialTokens = true): Int32Array {
  return translator.tokenizer.encode(text, { srcLang: translator.srcLang, addSpecialTokens }).ids;
}

/** A sequence of a golden case, with the steps that its columns are. */
export function goldenSequence(translator: Translator, golden: AttributionCase, index: number): Sequence {
  const { source, target, source_attributions: scores, attr_pos_end: label } = golden.sequences[index];
  const { attr_pos_end: asked, skip_special_tokens: plain, include_eos_baseline: includeEos } = golden.attribute_kwargs;
  const joined = target.some(([, id]) => id === -1);
  const targetIds = joined
    ? encodeTarget(translator, golden.info.generated_texts[index], plain !== true)
    : Int32Array.from(target, ([, id]) => id);
  const sourceIds =
    scores === null
      ? encodeSource(translator, golden.info.input_texts[index], plain !== true)
      : Int32Array.from(source, ([, id]) => id);
  // The library's end is inclusive, but labelled as if it were not.
  const end = typeof asked === 'number' ? label + 1 : label;
  const columns = scores?.shape[1] ?? end - 1;
  const { unk, pad, eos } = translator.tokenizer.special;
  const nothing = unk ?? pad ?? eos ?? 0;
  const baseline = (ids: Int32Array) => ids.map((id) => (id === eos && includeEos !== true ? id : nothing));
  const targetBaselineIds = baseline(targetIds);
  targetBaselineIds[0] = targetIds[0];
  return {
    sourceIds,
    sourceBaselineIds: baseline(sourceIds),
    targetIds,
    targetBaselineIds,
    start: end - columns,
    end,
    specialIds: translator.tokenizer.specialIds,
  };
}

const MEMORY = 2 ** 30;

/** What step functions see of a sequence. */
export function translationScores(translator: Translator, sequence: Sequence): SequenceScores {
  return soloScores({
    model: translator.model,
    sequence,
    texts: {
      encodeTarget: (text, { addSpecialTokens }) => encodeTarget(translator, text, addSpecialTokens),
      encodeSource: (text, { addSpecialTokens }) => encodeSource(translator, text, addSpecialTokens),
      align: null,
      index: 0,
      count: 1,
      maxPositions: translator.model.maxPositions,
    },
    memoryBudget: MEMORY,
  });
}

/** Passes over ids that need no baseline. */
export function passesOver(model: LanguageModel, sourceIds: ArrayLike<number>, targetIds: ArrayLike<number>): Passes {
  const source = Int32Array.from(sourceIds);
  const target = Int32Array.from(targetIds);
  const sequence: Sequence = {
    sourceIds: source,
    sourceBaselineIds: source,
    targetIds: target,
    targetBaselineIds: target,
    start: 1,
    end: target.length,
  };
  return soloScores({ model, sequence, memoryBudget: MEMORY }).passes;
}

/** The logit of each row's target. */
export const targetLogits: Scorer = ({ logits, targets }) =>
  tf.sum(tf.mul(logits, tf.oneHot(tf.tensor1d(targets, 'int32'), logits.shape[1])), 1);
