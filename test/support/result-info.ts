/** The info of a result made for a test. */
import type { ResultInfo } from '../../src/contract/result.ts';

/** A complete info with the given changes. */
export function infoOf(changes: Partial<ResultInfo> = {}): ResultInfo {
  return {
    model: 'facts-gpt2',
    model_type: 'gpt2',
    model_hash: 'a1',
    tokenizer_hash: 'b2',
    quantization: 'int8',
    int8: { threshold: 6, outliers: 'row' },
    backend: 'tensorflow',
    method: 'saliency',
    method_args: { abs: true },
    attributed_fn: 'probability',
    attributed_fn_args: {},
    step_scores: [],
    aggregators: [],
    attribute_target: true,
    include_eos_baseline: false,
    generation_args: null,
    src_lang: null,
    tgt_lang: null,
    skip_special_tokens: false,
    clean_special_chars: false,
    input_texts: ['The capital'],
    generated_texts: ['The capital of'],
    continuations: [' of'],
    seed: 42,
    request: { model: 'facts-gpt2', input_texts: ['The capital'], generated_texts: ['The capital of'] },
    seconds: 0.25,
    forward_passes: 1,
    backward_passes: 1,
    versions: {},
    ...changes,
  };
}
