/** A tiny model with what a request about a context needs, without an engine, and how Inseq counts places. */

import { SharedPasses } from '../../../src/attribution/passes/passes.ts';
import { loadRegistries } from '../../../src/attribution/registries.ts';
import { soloClient } from '../../../src/batching/dynamic-batcher.ts';
import type { TextsRequest } from '../../../src/contract/attribute-context-request.ts';
import type { Resources } from '../../../src/engine/attribution.ts';
import type { Answer, AnswerOptions } from '../../../src/engine/context/answer.ts';
import { resolveCalls } from '../../../src/engine/context/attribute-context.ts';
import type { ContextJob } from '../../../src/engine/context/context-job.ts';
import { ModelStore, type ReadyModel } from '../../../src/engine/model-store.ts';
import { Random } from '../../../src/random.ts';
import { startBackend } from '../../../src/tensors/backend.ts';
import { type ContextCase, modelDir } from '../../support/goldens.ts';
import { generation, hooks } from '../request.ts';

type Cue = NonNullable<ContextCase['output']>['cci_scores'][number];

/** A golden case as a complete request. */
export function textsRequest({ model, args }: Pick<ContextCase, 'model' | 'args'>): TextsRequest {
  const { attribution_method: method = 'saliency', attribution_aggregators: aggregators, ...given } = args;
  const context = given.input_context_text !== undefined;
  const contrast = { contrast_targets: null, contrast_sources: null, contrast_targets_alignments: null };
  const forced = { ...contrast, contrast_force_inputs: false, skip_special_tokens: false };
  const call = (name: unknown) => ({
    name: String(name),
    args: /contrast|kl_|pcxmi|pvi/.test(String(name)) ? forced : {},
  });
  const { context_sensitivity_metric: metric = 'kl_divergence', attributed_fn: fn = 'probability', ...rest } = given;
  return {
    kind: 'attribute-context',
    model,
    approach: 'pecore',
    documents: null,
    input_context_text: null,
    output_context_text: null,
    input_template: context ? '{context} {current}' : '{current}',
    output_template: given.output_context_text === undefined ? '{current}' : '{context} {current}',
    contextless_input_current_text: '{current}',
    contextless_output_current_text: '{current}',
    decoder_input_output_separator: ' ',
    special_tokens_to_keep: [],
    contextless_output_next_tokens: [],
    context_sensitivity_std_threshold: 1,
    context_sensitivity_topk: null,
    attribution_std_threshold: 1,
    attribution_topk: null,
    method: String(method),
    method_args: {},
    aggregators: Array.isArray(aggregators)
      ? aggregators.map((name) => ({ name: String(name), args: { normalize: false } }))
      : null,
    normalize_attributions: false,
    rescale_attributions: false,
    generation_args: generation(5),
    src_lang: null,
    tgt_lang: null,
    seed: 42,
    webhook: null,
    ...(rest as Partial<TextsRequest>),
    context_sensitivity_metric: call(metric),
    attributed_fn: call(fn),
  } as TextsRequest;
}

export class TinyContext {
  readonly model: ReadyModel;
  readonly #store: ModelStore;
  readonly #resources: Resources;

  constructor(model: ReadyModel, store: ModelStore, resources: Resources) {
    this.model = model;
    this.#store = store;
    this.#resources = resources;
  }

  static async load(name: string): Promise<TinyContext> {
    await startBackend('auto', { threads: 0 });
    const source = { kind: 'directory', dir: modelDir(name) } as const;
    const entry = {
      id: name,
      source,
      quantization: 'none',
      int8Threshold: 6,
      int8Outliers: 'row',
      pool: 'x',
      preload: false,
    } as const;
    const store = new ModelStore([entry], null, 2 ** 30);
    const model = await store.get(name, () => {});
    const passes = new SharedPasses(model.model, () => 2 ** 28);
    const registries = await loadRegistries([]);
    const resources = { store, registries, passesOf: () => passes } as unknown as Resources;
    return new TinyContext(model, store, resources);
  }

  get limit(): number {
    return this.model.model.maxPositions ?? Number.POSITIVE_INFINITY;
  }

  job(request: TextsRequest): ContextJob<TextsRequest> {
    return {
      request,
      hooks: hooks(),
      resources: this.#resources,
      model: this.model,
      calls: resolveCalls(request, this.#resources.registries),
      client: soloClient(),
      look: () => {},
      counters: { forward: 0, backward: 0 },
    };
  }

  options(): AnswerOptions {
    const { forward } = this.#resources.passesOf(this.model);
    return {
      model: this.model,
      random: new Random(1),
      decoder: { forward, client: soloClient() },
      onProgress: () => {},
    };
  }

  /** The answer's tokens as the reading without context has them, which the library shows. */
  contextlessTokens({ contextless, contextlessPositions }: Answer): string[] {
    return Array.from(contextlessPositions, (at) => this.model.tokenizer.idToToken(contextless.targetIds[at]) ?? '');
  }

  /** The ids up to the token that the library attributed. */
  placeOf({ args, kind }: ContextCase, cue: Cue): { ids: Int32Array } {
    const full = this.#ids(cue.contextual_output, kind);
    const whole = this.#ids(this.#fullOutput(args, kind), kind);
    const alone = this.#ids(args.output_current_text, kind);
    const { specialIds } = this.model.tokenizer;
    const plain = (ids: Int32Array): number => ids.filter((id) => !specialIds.has(id)).length;
    const bos = kind === 'encoder-decoder' || full[0] === this.model.tokenizer.special.bos ? 1 : 0;
    return { ids: full.subarray(0, plain(whole) - plain(alone) + cue.cti_idx + bos + 1) };
  }

  /** Whether the library's contextless output has the same tokens before the contrast token. */
  samePrefix({ contextless, contextlessPositions }: Answer, index: number, cue: Cue, { kind }: ContextCase): boolean {
    const theirs = Array.from(this.#ids(cue.contextless_output ?? '', kind));
    if (kind === 'encoder-decoder' && theirs.at(-1) === this.model.tokenizer.special.eos) theirs.pop();
    const own = Array.from(contextless.targetIds.subarray(0, contextlessPositions[index]));
    return theirs.slice(0, -1).join() === own.join();
  }

  /** Rows that the library took for the context's tokens: from the first on, whatever stands there. */
  rowsOf({ args }: ContextCase, side: 'input' | 'output', count: number): number[] {
    const lead = side === 'input' ? String(args.input_template ?? '').split('{context}')[0] : '';
    const { specialIds } = this.model.tokenizer;
    const { ids } = this.model.tokenizer.encode(lead, { addSpecialTokens: false });
    const from = ids.filter((id) => !specialIds.has(id)).length;
    return Array.from({ length: count }, (_, k) => from + k);
  }

  #fullOutput(args: ContextCase['args'], kind: ContextCase['kind']): string {
    const request = textsRequest({ model: '', args });
    const filled = (template: string, context: string | null, current: string) =>
      template.replace('{context}', () => context ?? '').replace('{current}', () => current);
    const output = filled(request.output_template, request.output_context_text, args.output_current_text);
    if (kind === 'encoder-decoder') return output;
    return `${filled(request.input_template, request.input_context_text, args.input_current_text)} ${output}`;
  }

  #ids(text: string, kind: ContextCase['kind']): Int32Array {
    const asTarget = kind === 'encoder-decoder';
    const { ids } = this.model.tokenizer.encode(text, { asTarget, oneBos: true });
    if (!asTarget) return ids;
    const { decoderStartTokenId } = this.model.generation;
    return ids[0] === decoderStartTokenId ? ids : Int32Array.from([decoderStartTokenId ?? 0, ...ids]);
  }

  dispose(): void {
    this.#store.dispose();
  }
}
