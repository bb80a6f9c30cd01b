/**
 * The decoder that Llama made common: root mean square norms, rotary positions, grouped queries, gated feed-forward
 * layers, and one set of names in the checkpoint. Families say what differs.
 */

import { type AttentionConfig, attention } from '../nn/attention.ts';
import { add, dropout, rowsAt, softcap, splitColumns } from '../nn/elementwise.ts';
import { gatedFeedForward } from '../nn/feed-forward.ts';
import { linear } from '../nn/linear.ts';
import { rmsNorm } from '../nn/norm.ts';
import { rotary } from '../nn/rotary.ts';
import type { Rows } from '../nn/rows.ts';
import type { Run, Value } from '../nn/run.ts';
import { defineFamily, type Family, type FamilyDefinition } from './family.ts';
import type { Network } from './model.ts';
import { outputLayer, tokenEmbedding } from './output-layer.ts';
import type { RotaryDecoderConfig } from './rotary-config.ts';
import { decoderOnly, type Layer, layersOf } from './stack.ts';
import type { Weights } from './weights.ts';

/** A family of this decoder: its config, which says what differs, and where its checkpoints keep tensors otherwise. */
export function rotaryFamily(
  definition: Pick<FamilyDefinition<RotaryDecoderConfig>, 'modelType' | 'readConfig' | 'textConfig'> & {
    aliases?: (weights: Weights) => void;
  },
): Family {
  const { aliases, ...rest } = definition;
  return defineFamily({
    ...rest,
    architecture: 'decoder-only',
    describe: (config) => ({
      hiddenSize: config.hidden_size,
      numLayers: config.num_hidden_layers,
      numHeads: config.num_attention_heads,
      vocabSize: config.vocab_size,
      maxPositions: Math.max(...layersOfConfig(config).map((layer) => config.rotary(layer).maxPositions)),
    }),
    build(config, weights) {
      aliases?.(weights);
      return rotaryDecoder(config, weights);
    },
  });
}

const layersOfConfig = ({ num_hidden_layers: count }: RotaryDecoderConfig): number[] => [...Array(count).keys()];

function selfAttention(config: RotaryDecoderConfig, weights: Weights, layer: number) {
  const { num_attention_heads: numHeads, num_key_value_heads: numKvHeads, head_dim: headDim, fused = false } = config;
  const path = attentionName(layer);
  const matrices = weights.linears(path, fused ? ['qkv_proj'] : ['q_proj', 'k_proj', 'v_proj']);
  const out = weights.linear(`${path}.o_proj`);
  const headNorm = (name: string) => weights.rmsNorm(`${path}.${name}`, config.rms_norm_eps, config.normOffset);
  const norms = config.headNorms ? { q: headNorm('q_norm'), k: headNorm('k_norm') } : null;
  const positions = config.rotary(layer);
  const settings: AttentionConfig = {
    name: path,
    numHeads,
    numKvHeads,
    headDim,
    scale: config.scoreScale ?? headDim ** -0.5,
    causal: true,
    window: config.window(layer),
    softcap: config.scoreCap,
    dropout: config.attention_dropout,
  };
  const widths = [numHeads, numKvHeads, numKvHeads].map((heads) => heads * headDim);
  const project = (run: Run, x: Value, wanted: Rows | null): Value[] => {
    if (!fused) return matrices.map((matrix, i) => linear(run, i === 0 ? rowsAt(run, x, wanted) : x, matrix));
    const [q, ...keysAndValues] = splitColumns(run, linear(run, x, matrices[0]), widths);
    return [rowsAt(run, q, wanted), ...keysAndValues];
  };
  return (run: Run, x: Value, wanted: Rows | null): Value => {
    let [q, k, v] = project(run, x, wanted);
    if (norms !== null) {
      q = rmsNorm(run, q, norms.q, numHeads);
      k = rmsNorm(run, k, norms.k, numKvHeads);
    }
    q = rotary(run, q, headDim, positions);
    k = rotary(run, k, headDim, positions);
    return run.name(path, linear(run, attention(run, q, k, v, settings), out));
  };
}

function feedForwardBlock(config: RotaryDecoderConfig, weights: Weights, layer: number) {
  const path = `model.layers.${layer}.mlp`;
  const { fused = false, hidden_act: kind } = config;
  const gate = fused ? null : weights.linear(`${path}.gate_proj`);
  const [up, down] = weights.linears(path, [fused ? 'gate_up_proj' : 'up_proj', 'down_proj']);
  return (run: Run, x: Value): Value => run.name(path, gatedFeedForward(run, x, { gate, up, down, kind }));
}

const attentionName = (layer: number): string => `model.layers.${layer}.self_attn`;

function decoderLayer(config: RotaryDecoderConfig, weights: Weights, layer: number): Layer {
  const { outputNorms = false, residualDropout: rate = 0 } = config;
  const path = `model.layers.${layer}`;
  const norm = (name: string) => weights.rmsNorm(`${path}.${name}`, config.rms_norm_eps, config.normOffset);
  const beforeAttention = norm('input_layernorm');
  const attend = selfAttention(config, weights, layer);
  const afterAttention = outputNorms ? norm('post_attention_layernorm') : null;
  const beforeMlp = norm(outputNorms ? 'pre_feedforward_layernorm' : 'post_attention_layernorm');
  const feed = feedForwardBlock(config, weights, layer);
  const afterMlp = outputNorms ? norm('post_feedforward_layernorm') : null;
  return {
    selfAttention: attentionName(layer),
    run(run, x, _memory, wanted) {
      const mixed = attend(run, rmsNorm(run, x, beforeAttention), wanted);
      const settled = afterAttention === null ? mixed : rmsNorm(run, mixed, afterAttention);
      const attended = add(run, rowsAt(run, x, wanted), dropout(run, settled, rate));
      const fed = feed(run, rmsNorm(run, attended, beforeMlp));
      const rest = afterMlp === null ? fed : rmsNorm(run, fed, afterMlp);
      return run.name(path, add(run, attended, dropout(run, rest, rate)));
    },
  };
}

function rotaryDecoder(config: RotaryDecoderConfig, weights: Weights): Network {
  weights.allowMissingPrefix('model.', 'embed_tokens.weight');
  const { num_hidden_layers: count, logitCap = null } = config;
  const tokens = tokenEmbedding(config, weights, 'model.embed_tokens', 'lm_head', config.embeddingScale);
  const lastNorm = weights.rmsNorm('model.norm', config.rms_norm_eps, config.normOffset);
  const output = outputLayer(config, weights, 'lm_head', tokens);
  return {
    ...decoderOnly({
      tokens,
      layers: layersOf(count, (layer) => decoderLayer(config, weights, layer)),
      lastNorm: (run, x) => rmsNorm(run, x, lastNorm),
      head(run, x) {
        const logits = linear(run, x, output);
        return logitCap === null ? logits : softcap(run, logits, logitCap);
      },
    }),
    positionRegime: (length) =>
      layersOfConfig(config)
        .map((layer) => config.rotary(layer).regime(length))
        .join(),
  };
}
