/** What a request comes to in tokens: how long its texts are, which tokens are attributed, and what is not known yet. */

import type { AttributeRequest } from '../contract/attribute-request.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import type { Quantities } from '../contract/formula.ts';
import { LIMITS } from '../contract/limits.ts';
import type { TextQuestion, TextTokens } from '../tokenizers/text-sizes.ts';

/** One text of a request, at its longest where the model is to generate. */
export interface Extent {
  readonly sourceLength: number;
  /** Decoder positions that are run: the last attributed token is never read. */
  readonly length: number;
  /** Attributed tokens, from `start` on. */
  readonly start: number;
  readonly steps: number;
  /** New tokens, at most, and beams that each is found by. */
  readonly generated: number;
  readonly beams: number;
  readonly quantities: Quantities;
  /** Why a quantity is only known to be at most this. */
  readonly most: ReadonlyMap<keyof Quantities, string>;
}

/** What the tokenizer is asked, for each text. */
export function questionsOf(request: AttributeRequest, { architecture }: ModelInfo): TextQuestion[] {
  const { messages, input_texts, generated_texts } = request;
  return (messages ?? input_texts).map((prompt, index) => ({
    architecture,
    prompt,
    forced: generated_texts?.[index] ?? null,
    specialTokens: !request.skip_special_tokens,
    srcLang: request.src_lang,
    tgtLang: request.tgt_lang,
    includeEosBaseline: request.include_eos_baseline,
  }));
}

export function extentOf(request: AttributeRequest, model: ModelInfo, tokens: TextTokens): Extent {
  const isGenerated = request.generated_texts === null;
  const fresh = isGenerated ? newTokens(request, model, tokens) : 0;
  const whole = tokens.target.length + fresh;
  const { start, end } = attributed(request, tokens.first, whole);
  const length = Math.max(0, end - 1);
  // What is generated hardly ever is its own baseline.
  const target = new Uint8Array(whole).fill(1);
  target.set(tokens.target);
  const isDecoder = model.architecture === 'decoder-only';
  const attributeTarget = isDecoder || request.attribute_target;
  const sides = {
    source: unitsOf(request.method_args, 'source', tokens.source),
    target: unitsOf(request.method_args, 'target', target.subarray(0, length)),
  };
  const most = new Map<keyof Quantities, string>();
  const mark = (why: string, ...names: (keyof Quantities)[]): void => {
    for (const name of names) if (!most.has(name)) most.set(name, why);
  };
  const args = request.generation_args;
  if (isGenerated) {
    mark(`the model generates at most ${fresh} tokens`, 'players');
    if (args.min_new_tokens === undefined || args.min_new_tokens < fresh) {
      mark(`the model generates at most ${fresh} tokens`, 'steps', 'positions', 'target_units');
    }
  }
  const { units } = request.method_args;
  if (units === 'words' || units === 'sentences') {
    mark(`there are at most as many ${units} as tokens`, 'source_units', 'target_units', 'players');
  }
  const layers = layersAsked(request.method_args.target_layer, model);
  if (layers.why !== null) mark(layers.why, 'layers_asked');
  return {
    sourceLength: tokens.source.length,
    length,
    start,
    steps: end - start,
    generated: fresh,
    beams: args.num_beams ?? tokens.beams,
    most,
    quantities: {
      steps: end - start,
      source: tokens.source.length,
      positions: tokens.source.length + (attributeTarget ? length : 0),
      attribute_target: attributeTarget ? 1 : 0,
      source_units: sides.source.units,
      target_units: sides.target.units,
      players: sides.source.changed + (attributeTarget ? sides.target.changed : 0),
      layers_asked: layers.count,
    },
  };
}

/** The most tokens that are generated (generation/resolve.ts). */
function newTokens({ generation_args: args }: AttributeRequest, model: ModelInfo, tokens: TextTokens): number {
  if (args.max_new_tokens !== undefined) return args.max_new_tokens;
  const wanted = Math.min(tokens.newTokens ?? LIMITS.defaultNewTokens, LIMITS.defaultNewTokens);
  const room = (model.max_positions ?? Number.POSITIVE_INFINITY) - tokens.target.length;
  return Math.max(1, Math.min(wanted, room));
}

/** The attributed tokens [start, end), as engine/span.ts has them; none where the worker will refuse the request. */
function attributed(request: AttributeRequest, first: number, length: number): { start: number; end: number } {
  const fromStart = (position: number): number => (position < 0 ? length + position : position);
  const start = Math.max(first, fromStart(request.attr_pos_start ?? first));
  const end = Math.min(length, fromStart(request.attr_pos_end ?? length));
  return { start, end: Math.max(start, end) };
}

/** How many units a side has, and how many of them hold a token that differs from its baseline. */
function unitsOf(args: Record<string, unknown>, side: 'source' | 'target', marks: Uint8Array) {
  const unitOf = new Int32Array(marks.length);
  const { length } = marks;
  let units = 0;
  const spans = args.units === 'windows' ? windows(length, Number(args.window_size)) : spansOf(args, side);
  let at = 0;
  for (const [start, end] of [...spans, [length, length] as const]) {
    for (; at < Math.min(start, length); at++) unitOf[at] = units++;
    if (start >= length) break;
    unitOf.fill(units++, start, end);
    at = end;
  }
  const changed = new Set<number>();
  marks.forEach((mark, position) => {
    if (mark === 1) changed.add(unitOf[position]);
  });
  return { units, changed: changed.size };
}

function windows(length: number, size: number): [number, number][] {
  return Array.from({ length: Math.ceil(length / size) }, (_, window) => [
    window * size,
    Math.min(length, (window + 1) * size),
  ]);
}

/** The spans of the units "spans"; words and sentences are counted as their tokens. */
function spansOf(args: Record<string, unknown>, side: 'source' | 'target'): [number, number][] {
  const given = args.units === 'spans' ? args[`${side}_spans`] : null;
  if (!Array.isArray(given)) return [];
  return (typeof given[0] === 'number' ? [given] : given) as [number, number][];
}

/** Modules that `target_layer` names. */
function layersAsked(asked: unknown, model: ModelInfo): { count: number; why: string | null } {
  const names = [...new Set([asked ?? ''].flat().map(String))];
  const layers = model.architecture === 'decoder-only' ? model.layers : 2 * model.layers;
  const of = (name: string): number => (name.includes('*') ? layers ** (name.split('*').length - 1) : 1);
  const count = names.reduce((sum, name) => sum + of(name), 0);
  const why = 'only a loaded model knows how many modules target_layer names';
  return { count, why: names.length > 1 || names.some((name) => name.includes('*')) ? why : null };
}
