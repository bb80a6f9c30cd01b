/** What the translation model is: its shape, its tokenizer, its batches, its test. */
import { Tokenizer } from '@huggingface/tokenizers';
import { tf } from '../../src/tensors/tf.ts';
import { noDropout, type Parameters } from '../layers.ts';
import { type M2m100Config, m2m100Logits } from '../m2m100.ts';
import { type Random, seededRandom } from '../random.ts';
import { languageToken, metaspaceTokenizer, type TokenizerFiles } from '../tokenizer-files.ts';
import { drawPair, type Pair } from './data.ts';
import { JOINTS, LANGUAGES } from './phrasings.ts';

/** Hugging Face's config.json. */
export const CONFIG = {
  architectures: ['M2M100ForConditionalGeneration'],
  model_type: 'm2m_100',
  vocab_size: 1024,
  max_position_embeddings: 128,
  d_model: 128,
  encoder_layers: 3,
  decoder_layers: 3,
  encoder_attention_heads: 4,
  decoder_attention_heads: 4,
  encoder_ffn_dim: 512,
  decoder_ffn_dim: 512,
  encoder_layerdrop: 0,
  decoder_layerdrop: 0,
  activation_function: 'relu',
  dropout: 0.1,
  attention_dropout: 0.1,
  activation_dropout: 0,
  scale_embedding: true,
  init_std: 0.02,
  is_encoder_decoder: true,
  tie_word_embeddings: true,
  bos_token_id: 0,
  pad_token_id: 1,
  eos_token_id: 2,
  decoder_start_token_id: 2,
  num_hidden_layers: 3,
  use_cache: true,
  torch_dtype: 'float16',
};

/** A pair as ids: `[source language] + text + [</s>]`, and what the decoder reads and should say. */
export interface Example {
  source: number[];
  /** `</s>`, target language, text, `</s>`: read without the last, predicted without the first. */
  target: number[];
}

/** Makes examples of pairs. */
export type EncodePair = (pair: Pair) => Example;

/** Trains the tokenizer on a sample of the pairs. */
export function trainTokenizer(vocabSize: number, seed: number): TokenizerFiles {
  const random = seededRandom(seed);
  const texts = Array.from({ length: 20_000 }, () => drawPair(random).source);
  return metaspaceTokenizer(texts, JOINTS, vocabSize, LANGUAGES, CONFIG.max_position_embeddings);
}

/** Encodes with the library that the service uses. */
export function encoderOf(files: TokenizerFiles): EncodePair {
  const tokenizer = new Tokenizer(files.tokenizer, files.config);
  const words = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  const flag = new Map(LANGUAGES.map((language) => [language, words(languageToken(language))]));
  const end = CONFIG.eos_token_id;
  return ({ from, to, source, target }) => ({
    source: [...(flag.get(from) ?? []), ...words(source), end],
    target: [end, ...(flag.get(to) ?? []), ...words(target), end],
  });
}

/** Draws `batches` batches of `rows` examples; examples of like length share a batch, so that little of it is padding. */
export function drawBatches(encode: EncodePair, batches: number, rows: number, random: Random): Example[][] {
  const drawn = Array.from({ length: batches * rows }, () => encode(drawPair(random)));
  drawn.sort((a, b) => a.target.length - b.target.length || a.source.length - b.source.length);
  const cut = Array.from({ length: batches }, (_, i) => drawn.slice(i * rows, (i + 1) * rows));
  return cut
    .map((batch) => ({ batch, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ batch }) => batch);
}

/** Rows of one length, filled up on the right. */
function fillUp(rows: number[][], filler: number): number[][] {
  const length = Math.max(...rows.map((row) => row.length));
  return rows.map((row) => [...row, ...new Array<number>(length - row.length).fill(filler)]);
}

/** A batch as the model takes it, and the id wanted at each target position: -1 for padding, and for the language token, which is given. */
export function padded(batch: Example[]): { source: number[][]; target: number[][]; wanted: number[][] } {
  const source = batch.map((example) => example.source);
  const target = batch.map((example) => example.target.slice(0, -1));
  const wanted = batch.map((example) => [-1, ...example.target.slice(2)]);
  return {
    source: fillUp(source, CONFIG.pad_token_id),
    target: fillUp(target, CONFIG.pad_token_id),
    wanted: fillUp(wanted, -1),
  };
}

/** Which examples are translated by greedy decoding, word for word to the end, given the target language's token. */
export function translated(config: M2m100Config, parameters: Parameters, examples: Example[]): boolean[] {
  const right: boolean[] = [];
  for (let from = 0; from < examples.length; from += 128) {
    const { source, target, wanted } = padded(examples.slice(from, from + 128));
    const best = tf.tidy(() => m2m100Logits(config, parameters, source, target, noDropout).argMax(1).dataSync());
    // Greedy decoding gives the target exactly when each of its tokens is the best after the ones before it.
    wanted.forEach((ids, row) => {
      right.push(ids.every((id, i) => id === -1 || best[row * ids.length + i] === id));
    });
  }
  return right;
}
