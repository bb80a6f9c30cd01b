/**
 * Frequencies of rotary positions, and the ways in which checkpoints stretch them to longer texts; names are those of
 * `rope_type` in Hugging Face's configs.
 *
 * LongRoPE and dynamic scaling depend on the length of the whole text: a pass turns all of a text by one length's
 * angles. `regime` tells which lengths share them.
 */

import type { Rotary } from './rotary.ts';

/** What the frequencies depend on. */
export interface RopeSettings {
  /** Dimensions of a head that are turned. */
  dims: number;
  /** Base of the geometric progression of wavelengths, `rope_theta`. */
  base: number;
  /** `max_position_embeddings` */
  maxPositions: number;
  /** Length that the model was trained on, where the config says so beside `rope_scaling`, whose own it overrides. */
  originalMaxPositions: number | null;
  /** `rope_scaling`; null: none. */
  scaling: Readonly<Record<string, unknown>> | null;
  interleaved?: boolean;
  /** Distinguishes several embeddings of one model. */
  key?: string;
}

interface Scaled {
  frequencies: (length: number) => Float64Array;
  /** Equal for two lengths exactly when their frequencies are; left out: all lengths share theirs. */
  regime?: (length: number) => number;
  factor?: number;
  /** Longest text that the scaling is meant for; left out: `max_position_embeddings`. */
  reach?: number;
}

type Scaling = (settings: RopeSettings, plain: Float64Array, field: Fields) => Scaled;

/** Frequencies base ** (-2 i / dims): [dims / 2], rounded up */
function plainFrequencies(dims: number, base: number): Float64Array {
  return Float64Array.from({ length: Math.ceil(dims / 2) }, (_, i) => base ** ((-2 * i) / dims));
}

/** Numbers of `rope_scaling`. */
class Fields {
  readonly #scaling: Readonly<Record<string, unknown>>;

  constructor(scaling: Readonly<Record<string, unknown>>) {
    this.#scaling = scaling;
  }

  number(name: string): number {
    const value = this.optional(name);
    if (value === null) throw new Error(`config.json: "rope_scaling.${name}" is missing; it must be a number`);
    return value;
  }

  optional(name: string): number | null {
    const value = this.#scaling[name] ?? null;
    if (value !== null && typeof value !== 'number') {
      throw new Error(`config.json: "rope_scaling.${name}" is ${JSON.stringify(value)}; it must be a number`);
    }
    return value;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#scaling[name] ?? fallback;
    if (typeof value !== 'boolean') {
      throw new Error(`config.json: "rope_scaling.${name}" is ${JSON.stringify(value)}; it must be true or false`);
    }
    return value;
  }

  numbers(name: string, count: number): number[] {
    const value = this.#scaling[name];
    if (!Array.isArray(value) || value.length !== count || !value.every((item) => typeof item === 'number')) {
      throw new Error(`config.json: "rope_scaling.${name}" must be a list of ${count} numbers`);
    }
    return value;
  }
}

/** Length that the model was trained on before it was stretched. */
function originalLength({ maxPositions, originalMaxPositions }: RopeSettings, field: Fields): number {
  return originalMaxPositions ?? field.optional('original_max_position_embeddings') ?? maxPositions;
}

/** Positions divided by a factor (Chen et al. 2023, arXiv:2306.15595). */
const linear: Scaling = ({ maxPositions }, plain, field) => {
  const factor = field.number('factor');
  const scaled = plain.map((frequency) => frequency / factor);
  return { frequencies: () => scaled, reach: maxPositions * factor };
};

/** A base that grows with texts longer than the model was trained on ("dynamic NTK"). */
const dynamic: Scaling = ({ dims, base, maxPositions }, plain, field) => {
  const factor = field.number('factor');
  return {
    reach: maxPositions * factor,
    regime: (length) => Math.max(length, maxPositions),
    frequencies: (length) => {
      if (length <= maxPositions) return plain;
      const grown = (factor * length) / maxPositions - (factor - 1);
      return plainFrequencies(dims, base * grown ** (dims / (dims - 2)));
    },
  };
};

/** Long wavelengths divided by a factor, short ones kept, those between interpolated (Llama 3.1, arXiv:2407.21783). */
const llama3: Scaling = (settings, plain, field) => {
  const factor = field.number('factor');
  const low = field.number('low_freq_factor');
  const high = field.number('high_freq_factor');
  const original = originalLength(settings, field);
  const scaled = plain.map((frequency) => {
    const turns = (original * frequency) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return ((1 - kept) * frequency) / factor + kept * frequency;
  });
  return { frequencies: () => scaled };
};

/** YaRN (Peng et al. 2023, arXiv:2309.00071): interpolation by wavelength, and sharper attention. */
const yarn: Scaling = (settings, plain, field) => {
  const { dims, base, maxPositions } = settings;
  const factor = field.number('factor');
  const original = originalLength(settings, field);
  const sharpness = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  const mscale = field.optional('mscale');
  const mscaleAllDim = field.optional('mscale_all_dim');
  const sharper = mscale && mscaleAllDim ? sharpness(mscale) / sharpness(mscaleAllDim) : sharpness(1);
  // The pair that turns so many times within the original length.
  const pairOf = (turns: number): number => (dims * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  let first = pairOf(field.optional('beta_fast') || 32);
  let last = pairOf(field.optional('beta_slow') || 1);
  if (field.flag('truncate', true)) {
    first = Math.floor(first);
    last = Math.ceil(last);
  }
  first = Math.max(first, 0);
  last = Math.min(last, dims - 1);
  if (first === last) last += 0.001;
  const scaled = plain.map((frequency, pair) => {
    const interpolated = Math.min(1, Math.max(0, (pair - first) / (last - first)));
    return (interpolated * frequency) / factor + (1 - interpolated) * frequency;
  });
  const reach = Math.max(maxPositions, original * factor);
  return { frequencies: () => scaled, factor: field.optional('attention_factor') ?? sharper, reach };
};

/** LongRoPE (Ding et al. 2024, arXiv:2402.13753): a factor of its own for each pair, by the length of the text. */
const longrope: Scaling = (settings, plain, field) => {
  const original = originalLength(settings, field);
  const factor = field.optional('factor') ?? settings.maxPositions / original;
  const divided = (name: string): Float64Array => {
    const factors = field.numbers(name, plain.length);
    return plain.map((frequency, pair) => frequency / factors[pair]);
  };
  const short = divided('short_factor');
  const long = divided('long_factor');
  const sharper = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  return {
    frequencies: (length) => (length > original ? long : short),
    regime: (length) => (length > original ? 1 : 0),
    factor: field.optional('attention_factor') ?? sharper,
  };
};

const SCALINGS: Readonly<Record<string, Scaling>> = {
  default: (_settings, plain) => ({ frequencies: () => plain }),
  linear,
  dynamic,
  llama3,
  yarn,
  longrope,
  // The name that the first Phi-3 checkpoints give it.
  su: longrope,
};

/** Rotary positions, and the longest text that they are meant for. */
export interface RotaryPositions extends Rotary {
  readonly maxPositions: number;
  /** Equal for two lengths of a text exactly when its positions are turned by the same angles in both. */
  regime(length: number): number;
}

/** Rotary positions as a config describes them. @throws {Error} when `rope_scaling` is of an unknown type */
export function rotaryPositions(settings: RopeSettings): RotaryPositions {
  const { dims, base, scaling, interleaved = false, key = 'rope' } = settings;
  const fields = scaling ?? {};
  const type = String(fields.rope_type ?? fields.type ?? 'default');
  const scale = SCALINGS[type];
  if (scale === undefined) {
    const known = Object.keys(SCALINGS).join(', ');
    throw new Error(`config.json: "rope_scaling" has the type "${type}", which is not known; known are ${known}`);
  }
  const plain = plainFrequencies(dims, base);
  const scaled = scale(settings, plain, new Fields(fields));
  const { frequencies, regime = () => 0, factor = 1, reach = settings.maxPositions } = scaled;
  return { pairs: plain.length, frequencies, regime, factor, interleaved, key, maxPositions: Math.floor(reach) };
}
