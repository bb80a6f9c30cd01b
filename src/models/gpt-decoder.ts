/** What GPT-2 and GPT-Neo share: learned positions, a norm before each sublayer and one behind the last layer. */

import { add, dropout, rowsAt } from '../nn/elementwise.ts';
import { linear } from '../nn/linear.ts';
import { layerNorm } from '../nn/norm.ts';
import { addPositions } from '../nn/positions.ts';
import type { Rows } from '../nn/rows.ts';
import type { Run, Value } from '../nn/run.ts';
import type { Network } from './model.ts';
import { outputLayer, type TyingConfig, tokenEmbedding } from './output-layer.ts';
import { decoderOnly, type Layer, layersOf } from './stack.ts';
import type { Weights } from './weights.ts';

type Sublayer = (run: Run, x: Value) => Value;
/** `wanted`: as of `Block`. */
type Attention = (run: Run, x: Value, wanted: Rows | null) => Value;

interface GptConfig extends TyingConfig {
  readonly layer_norm_epsilon: number;
}

/** What differs between families. */
export interface GptLayout {
  readonly numLayers: number;
  readonly embeddingDropout: number;
  attention(layer: number): Attention;
  feedForward(layer: number): Sublayer;
}

function gptLayer(config: GptConfig, weights: Weights, layout: GptLayout, layer: number): Layer {
  const path = `transformer.h.${layer}`;
  const norm1 = weights.layerNorm(`${path}.ln_1`, config.layer_norm_epsilon);
  const attend = layout.attention(layer);
  const norm2 = weights.layerNorm(`${path}.ln_2`, config.layer_norm_epsilon);
  const feed = layout.feedForward(layer);
  return {
    selfAttention: `${path}.attn`,
    run(run, x, _memory, wanted) {
      const attended = add(run, rowsAt(run, x, wanted), attend(run, layerNorm(run, x, norm1), wanted));
      return run.name(path, add(run, attended, feed(run, layerNorm(run, attended, norm2))));
    },
  };
}

export function gptDecoder(config: GptConfig, weights: Weights, layout: GptLayout): Network {
  weights.allowMissingPrefix('transformer.', 'wte.weight');
  const tokens = tokenEmbedding(config, weights, 'transformer.wte', 'lm_head');
  const positions = weights.positionTable('transformer.wpe');
  const lastNorm = weights.layerNorm('transformer.ln_f', config.layer_norm_epsilon);
  const output = outputLayer(config, weights, 'lm_head', tokens);
  return decoderOnly({
    tokens,
    enter: (run, x) => dropout(run, addPositions(run, x, positions), layout.embeddingDropout),
    layers: layersOf(layout.numLayers, (layer) => gptLayer(config, weights, layout, layer)),
    lastNorm: (run, x) => layerNorm(run, x, lastNorm),
    head: (run, x) => linear(run, x, output),
  });
}
