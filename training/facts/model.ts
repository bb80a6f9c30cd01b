/** What the facts model is: its shape, its tokenizer, its batches, its test. */
import { Tokenizer } from '@huggingface/tokenizers';
import { tf } from '../../src/tensors/tf.ts';
import { type Gpt2Config, gpt2Logits } from '../gpt2.ts';
import { noDropout, type Parameters } from '../layers.ts';
import { type Random, seededRandom } from '../random.ts';
import { byteLevelTokenizer, type TokenizerFiles } from '../tokenizer-files.ts';
import { drawDocument, type Fact, type Question } from './data.ts';

/** Hugging Face's config.json. Id 0 is `<|endoftext|>`. */
export const CONFIG = {
  architectures: ['GPT2LMHeadModel'],
  model_type: 'gpt2',
  vocab_size: 2560,
  n_positions: 64,
  n_embd: 128,
  n_layer: 4,
  n_head: 4,
  n_inner: null,
  activation_function: 'gelu_new',
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.02,
  embd_pdrop: 0.1,
  attn_pdrop: 0.1,
  resid_pdrop: 0.1,
  scale_attn_weights: true,
  scale_attn_by_inverse_layer_idx: false,
  reorder_and_upcast_attn: false,
  tie_word_embeddings: true,
  bos_token_id: 0,
  eos_token_id: 0,
  use_cache: true,
  torch_dtype: 'float16',
};

const END_OF_TEXT = CONFIG.eos_token_id;

/** Ids of a text. */
export type Encode = (text: string) => number[];

/** Trains the tokenizer on a sample of the documents. */
export function trainTokenizer(facts: Fact[][], vocabSize: number, seed: number): TokenizerFiles {
  const random = seededRandom(seed);
  const documents = Array.from({ length: 30_000 }, () => drawDocument(facts, random));
  return byteLevelTokenizer(documents, vocabSize, CONFIG.n_positions);
}

/** Encodes with the library that the service uses. */
export function encoderOf(files: TokenizerFiles): Encode {
  const tokenizer = new Tokenizer(files.tokenizer, files.config);
  return (text) => tokenizer.encode(text).ids;
}

/** Rows of `length + 1` ids. Each starts with a document, so that a prompt at position 0 is nothing new. */
export function drawRows(facts: Fact[][], encode: Encode, rows: number, length: number, random: Random): number[][] {
  return Array.from({ length: rows }, () => {
    const ids: number[] = [];
    while (ids.length <= length) ids.push(...encode(drawDocument(facts, random)), END_OF_TEXT);
    return ids.slice(0, length + 1);
  });
}

/** Which questions are answered by greedy decoding, word for word and with the full stop. */
export function answered(config: Gpt2Config, parameters: Parameters, encode: Encode, questions: Question[]): boolean[] {
  const right: boolean[] = [];
  for (let from = 0; from < questions.length; from += 256) {
    const batch = questions.slice(from, from + 256).map(({ prompt, fact }) => ({
      start: encode(prompt).length,
      ids: encode(`${prompt} ${fact.answer}.`),
    }));
    const length = Math.max(...batch.map(({ ids }) => ids.length));
    const padded = batch.map(({ ids }) => [...ids, ...new Array<number>(length - ids.length).fill(END_OF_TEXT)]);
    const best = tf.tidy(() => gpt2Logits(config, parameters, padded, noDropout).argMax(1).dataSync());
    // Greedy decoding gives the answer exactly when each of its tokens is the best after the ones before it.
    batch.forEach(({ ids, start }, row) => {
      right.push(ids.every((id, i) => i < start || best[row * length + i - 1] === id));
    });
  }
  return right;
}
