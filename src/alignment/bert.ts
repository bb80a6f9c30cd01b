/**
 * BERT (Devlin et al. 2019, arXiv:1810.04805) as the encoder that aligns contrast texts: `bert`, such as LaBSE (Feng et
 * al. 2022, arXiv:2007.01852). Learned positions, token types, norms after each sublayer.
 *
 * Words of two texts that mean the same lie close in its middle layers, so only the layers up to that one are loaded.
 * The table of word pieces (385 of LaBSE's 471 million parameters) stays on disk: a text needs a few rows of it.
 */

import { readModelConfig } from '../checkpoints/config.ts';
import { type Checkpoint, openCheckpoint } from '../checkpoints/safetensors.ts';
import { activationName, type ConfigOf, headSize, number, readFields, size, string } from '../models/fields.ts';
import { Weights } from '../models/weights.ts';
import { activation } from '../nn/activation.ts';
import { attention } from '../nn/attention.ts';
import { add, addConstant } from '../nn/elementwise.ts';
import { linear } from '../nn/linear.ts';
import { layerNorm } from '../nn/norm.ts';
import { addPositions } from '../nn/positions.ts';
import { Rows } from '../nn/rows.ts';
import { Run, type Value } from '../nn/run.ts';
import { read } from '../tensors/read.ts';
import { tf } from '../tensors/tf.ts';
import { loadTokenizer } from '../tokenizers/tokenizer.ts';

/** Of the table of word pieces, in checkpoints that were saved with a head. */
const WORD_PIECES = 'bert.embeddings.word_embeddings.weight';

/** Whose output is aligned: the layer that Inseq takes of LaBSE. */
const LAYER = 8;

const FIELDS = {
  hidden_size: size(),
  num_hidden_layers: size(),
  num_attention_heads: size(),
  max_position_embeddings: size(),
  position_embedding_type: string('absolute'),
  hidden_act: activationName('gelu'),
  layer_norm_eps: number(1e-12),
};
type BertConfig = ConfigOf<typeof FIELDS>;

export interface Aligner {
  readonly hiddenSize: number;
  /** Longest text that it has positions for, in pieces. */
  readonly maxPieces: number;
  /** Bytes of its weights on the device. */
  readonly bytes: number;
  /** Ids of a word's pieces. */
  pieces(word: string): number[];
  /** Hidden states of a text's pieces: [pieces, hidden], row-major */
  hiddenStates(pieces: readonly number[]): Promise<Float32Array>;
  dispose(): void;
}

/** One post-norm layer: [pieces, hidden] to the same. */
function bertLayer(config: BertConfig, weights: Weights, index: number): (run: Run, x: Value) => Value {
  const path = `bert.encoder.layer.${index}`;
  const { layer_norm_eps: epsilon, num_attention_heads: heads, hidden_act: kind } = config;
  const headDim = headSize(config, 'hidden_size', 'num_attention_heads');
  const [q, k, v] = weights.linears(`${path}.attention.self`, ['query', 'key', 'value']);
  const out = weights.linear(`${path}.attention.output.dense`);
  const attentionNorm = weights.layerNorm(`${path}.attention.output.LayerNorm`, epsilon);
  const up = weights.linear(`${path}.intermediate.dense`);
  const down = weights.linear(`${path}.output.dense`);
  const lastNorm = weights.layerNorm(`${path}.output.LayerNorm`, epsilon);
  const settings = { name: path, numHeads: heads, numKvHeads: heads, headDim, scale: headDim ** -0.5, causal: false };
  return (run, x) => {
    const mixed = attention(run, linear(run, x, q), linear(run, x, k), linear(run, x, v), settings);
    const attended = layerNorm(run, add(run, x, linear(run, mixed, out)), attentionNorm);
    const fed = linear(run, activation(run, linear(run, attended, up), kind), down);
    return layerNorm(run, add(run, attended, fed), lastNorm);
  };
}

/** Embeddings of a text's pieces to their hidden states: [pieces, hidden] to the same. */
function bertEncoder(config: BertConfig, weights: Weights) {
  const positions = weights.embedding('bert.embeddings.position_embeddings');
  const types = weights.embedding('bert.embeddings.token_type_embeddings');
  const firstType = weights.computed('first token type', () =>
    tf.reshape<typeof tf.Rank.R1>(tf.slice(types.table, [0, 0], [1, -1]), [-1]),
  );
  const norm = weights.layerNorm('bert.embeddings.LayerNorm', config.layer_norm_eps);
  const layers = Array.from({ length: LAYER }, (_, index) => bertLayer(config, weights, index));
  return (run: Run, embedded: Value): Value => {
    const typed = addConstant(run, embedded, firstType);
    let x = layerNorm(run, addPositions(run, typed, positions.table), norm);
    for (const layer of layers) x = layer(run, x);
    return x;
  };
}

/** The config of an encoder that can align texts. @throws {Error} naming the directory and the field */
export function checkAligner(dir: string): BertConfig {
  const { model_type, ...fields } = readModelConfig(dir);
  if (model_type !== 'bert') {
    throw new Error(`${dir}: model_type "${model_type}" is no aligner; it must be "bert", such as LaBSE`);
  }
  const config = readFields(fields, FIELDS);
  const { position_embedding_type: positions, num_hidden_layers: layers } = config;
  if (positions !== 'absolute') throw new Error(`${dir}: position_embedding_type "${positions}" is not supported`);
  if (layers < LAYER) throw new Error(`${dir}: has ${layers} layers, and words are aligned by layer ${LAYER}`);
  return config;
}

/** Loads the encoder of a checkpoint directory, in float32. @throws {Error} naming what is wrong with it */
export function loadAligner(dir: string, onProgress?: (loaded: number, total: number) => void): Aligner {
  const config = checkAligner(dir);
  const tokenizer = loadTokenizer(dir);
  const { cls, sep } = tokenizer.special;
  if (cls === null || sep === null) throw new Error(`${dir}: the tokenizer names no cls_token or no sep_token`);
  const checkpoint = openCheckpoint(dir);
  const rule = { threshold: 0, outliers: 'row' } as const;
  const weights = new Weights(checkpoint, { quantization: 'none', rule, ...(onProgress && { onProgress }) });
  const { hidden_size: hiddenSize } = config;
  try {
    weights.allowMissingPrefix('bert.', WORD_PIECES.replace('bert.', ''));
    const table = checkpoint.has(WORD_PIECES) ? WORD_PIECES : WORD_PIECES.replace('bert.', '');
    const encode = bertEncoder(config, weights);
    return {
      hiddenSize,
      maxPieces: config.max_position_embeddings - 2,
      bytes: weights.bytes,
      pieces: (word) => Array.from(tokenizer.encode(word, { addSpecialTokens: false }).ids),
      hiddenStates: (pieces) => hiddenStates(encode, rowsOf(checkpoint, table, [cls, ...pieces, sep]), hiddenSize),
      dispose() {
        weights.dispose();
        checkpoint.close();
      },
    };
  } catch (error) {
    weights.dispose();
    checkpoint.close();
    throw error;
  }
}

/** Rows of a matrix of the checkpoint, one after the other. */
function rowsOf(checkpoint: Checkpoint, name: string, rows: readonly number[]): Float32Array {
  const width = checkpoint.info(name).shape[1];
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, k) => void values.set(checkpoint.readRowsF32(name, row, 1), k * width));
  return values;
}

/** Hidden states without those of the first and the last row, which are special tokens. */
async function hiddenStates(
  encode: (run: Run, x: Value) => Value,
  embedded: Float32Array,
  size: number,
): Promise<Float32Array> {
  const pieces = embedded.length / size;
  using run = new Run();
  return await read(() => {
    const rows = run.ownRows(Rows.full(1, pieces));
    const { tensor } = encode(run, run.leaf(tf.tensor2d(embedded, [pieces, size]), rows, false));
    return tf.slice(tensor, [1, 0], [pieces - 2, size]);
  });
}
