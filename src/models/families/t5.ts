/**
 * T5 (Raffel et al. 2020, arXiv:1910.10683) with T5 v1.1 and Flan-T5 (arXiv:2210.11416), mT5 (arXiv:2010.11934) and
 * UMT5 (arXiv:2304.09151): `t5`, `mt5`, `umt5`. Relative position biases, RMS norms first, linear layers without bias.
 */

import { activation } from '../../nn/activation.ts';
import { attention } from '../../nn/attention.ts';
import { add, dropout, multiply, scale } from '../../nn/elementwise.ts';
import { type Linear, linear } from '../../nn/linear.ts';
import { rmsNorm } from '../../nn/norm.ts';
import { type RelativeBias, relativeBias } from '../../nn/relative-bias.ts';
import type { Run, Value } from '../../nn/run.ts';
import { activationName, boolean, type ModelConfig, number, string } from '../fields.ts';
import type { Block, Family, Stack } from '../model.ts';
import { tiedName } from '../output-layer.ts';
import type { Embedding, Weights } from '../weights.ts';

type Side = 'encoder' | 'decoder';

/** `feed_forward_proj`: `ACT` or `gated-ACT`. */
function feedForwardKind(config: ModelConfig): { kind: string; gated: boolean } {
  const wanted = string(config, 'feed_forward_proj', config.model_type === 't5' ? 'relu' : 'gated-gelu');
  const gated = wanted.startsWith('gated-');
  // The gated checkpoints were trained with the tanh form under the name of the other.
  if (wanted === 'gated-gelu') return { kind: 'gelu_new', gated };
  const bare = gated ? wanted.slice('gated-'.length) : wanted;
  return { kind: activationName({ feed_forward_proj: bare }, 'feed_forward_proj', 'relu'), gated };
}

function buildStack(side: Side, config: ModelConfig, weights: Weights): Stack {
  const heads = number(config, 'num_heads');
  const headDim = number(config, 'd_kv');
  const encoderLayers = number(config, 'num_layers');
  const count = side === 'encoder' ? encoderLayers : number(config, 'num_decoder_layers', encoderLayers);
  const epsilon = number(config, 'layer_norm_epsilon', 1e-6);
  const rate = number(config, 'dropout_rate', 0.1);
  const { kind, gated } = feedForwardKind(config);

  const attend = (path: string, causal: boolean, bias: RelativeBias | null) => {
    const [q, k, v, out] = ['q', 'k', 'v', 'o'].map((name) => weights.linear(`${path}.${name}`));
    // T5 does not divide scores by the square root of the width: its initial weights do.
    const settings = { name: path, numHeads: heads, numKvHeads: heads, headDim, scale: 1, causal, dropout: rate };
    return (run: Run, x: Value, memory: Value): Value => {
      // Keys and values of an encoder that has been run already come from the cache.
      const known = x !== memory && run.options.past?.has(path) === true;
      const mixed = attention(
        run,
        linear(run, x, q),
        known ? memory : linear(run, memory, k),
        known ? memory : linear(run, memory, v),
        { ...settings, bias: bias && ((_positions, _segments, keys) => relativeBias(x.rows, keys, bias)) },
      );
      return dropout(run, run.name(path, linear(run, mixed, out)), rate);
    };
  };

  /** The layer's own bias (UMT5) or that of the first layer. */
  const biasOf = (layer: number): RelativeBias => {
    const own = `${selfAttention(side, layer)}.relative_attention_bias`;
    const name = weights.has(`${own}.weight`) ? own : `${selfAttention(side, 0)}.relative_attention_bias`;
    const maxDistance = number(config, 'relative_attention_max_distance', 128);
    return { name, table: weights.embedding(name).table, bidirectional: side === 'encoder', maxDistance };
  };

  const feedForward = (path: string) => {
    const up = weights.linear(`${path}.${gated ? 'wi_0' : 'wi'}`);
    const gate = gated ? weights.linear(`${path}.wi_1`) : null;
    // Not in int8: transformers keeps this layer in float32 because its inputs grow very large.
    const down = weights.linear(`${path}.wo`, { quantize: false });
    return (run: Run, x: Value): Value => {
      const active = activation(run, linear(run, x, up), kind);
      const inner = gate === null ? active : multiply(run, active, linear(run, x, gate));
      return dropout(run, run.name(path, linear(run, dropout(run, inner, rate), down)), rate);
    };
  };

  const block = (layer: number): Block => {
    const path = `${side}.block.${layer}`;
    const self = attend(selfAttention(side, layer), side === 'decoder', biasOf(layer));
    const selfNorm = weights.rmsNorm(`${path}.layer.0.layer_norm`, epsilon);
    const cross = side === 'decoder' ? attend(crossAttention(layer), false, null) : null;
    const crossNorm = cross && weights.rmsNorm(`${path}.layer.1.layer_norm`, epsilon);
    const last = `${path}.layer.${cross === null ? 1 : 2}`;
    const fed = feedForward(`${last}.DenseReluDense`);
    const fedNorm = weights.rmsNorm(`${last}.layer_norm`, epsilon);
    return (run, x, memory) => {
      const input = rmsNorm(run, x, selfNorm);
      let hidden = run.name(`${path}.layer.0`, add(run, x, self(run, input, input)));
      if (cross !== null && crossNorm !== null) {
        if (memory === null) throw new Error(`${path} needs the encoder's output`);
        const attended = cross(run, rmsNorm(run, hidden, crossNorm), memory);
        hidden = run.name(`${path}.layer.1`, add(run, hidden, attended));
      }
      return run.name(path, run.name(last, add(run, hidden, fed(run, rmsNorm(run, hidden, fedNorm)))));
    };
  };

  const layers = Array.from({ length: count }, (_, layer) => layer);
  const lastNorm = side === 'encoder' ? weights.rmsNorm('encoder.final_layer_norm', epsilon) : null;
  return {
    enter: (run, features) => dropout(run, run.name(`${side}.embed_tokens`, features), rate),
    blocks: layers.map(block),
    leave: (run, x) => (lastNorm === null ? x : dropout(run, rmsNorm(run, x, lastNorm), rate)),
    selfAttention: layers.map((layer) => selfAttention(side, layer)),
    crossAttention: side === 'encoder' ? [] : layers.map(crossAttention),
  };
}

const selfAttention = (side: Side, layer: number): string => `${side}.block.${layer}.layer.0.SelfAttention`;
const crossAttention = (layer: number): string => `decoder.block.${layer}.layer.1.EncDecAttention`;

/** Both sides share one matrix, under whichever of its names it was stored. */
function embedding(side: Side, weights: Weights): Embedding {
  const name = `${side}.embed_tokens`;
  const other = side === 'encoder' ? 'decoder' : 'encoder';
  return { ...weights.embedding(tiedName(weights, name, ['shared', `${other}.embed_tokens`, 'lm_head'])), name };
}

/** The output layer: its own matrix, or where none is stored the shared one. */
function outputLayer(weights: Weights, embedding: Embedding): Linear {
  const whole = weights.has('shared.weight') ? weights.embedding('shared') : embedding;
  const own = weights.has('lm_head.weight') && whole.stored !== 'lm_head';
  return own && !weights.same('lm_head.weight', `${whole.stored}.weight`)
    ? weights.linear('lm_head', { quantize: false })
    : weights.tied('lm_head', whole);
}

const t5: Family = {
  modelType: ['t5', 'mt5', 'umt5'],
  architecture: 'encoder-decoder',

  build(config, weights) {
    const hidden = number(config, 'd_model');
    const rate = number(config, 'dropout_rate', 0.1);
    const tied = boolean(config, 'tie_word_embeddings', true);
    // transformers 5 says that all of them are tied, and keeps apart whether the output is scaled.
    const scaled = config.model_type !== 'mt5' && boolean(config, 'scale_decoder_outputs', tied);
    const targetEmbedding = embedding('decoder', weights);
    const lastNorm = weights.rmsNorm('decoder.final_layer_norm', number(config, 'layer_norm_epsilon', 1e-6));
    const output = outputLayer(weights, targetEmbedding);
    const decoder = buildStack('decoder', config, weights);
    return {
      modelType: string(config, 'model_type'),
      architecture: 'encoder-decoder',
      hiddenSize: hidden,
      numLayers: decoder.blocks.length,
      vocabSize: targetEmbedding.table.shape[0],
      maxPositions: null,
      encoder: buildStack('encoder', config, weights),
      decoder,
      sourceEmbedding: embedding('encoder', weights),
      targetEmbedding,
      lastNorm: (run, x) => rmsNorm(run, x, lastNorm),
      head: (run, x) => {
        const normal = dropout(run, rmsNorm(run, x, lastNorm), rate);
        return linear(run, scale(run, normal, scaled ? hidden ** -0.5 : 1), output);
      },
    };
  },
};

export default t5;
