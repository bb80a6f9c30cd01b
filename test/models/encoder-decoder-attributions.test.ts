/** Attribution goldens of the translation models: source and target scores of every method, step scores. */

import { before, describe, it } from 'node:test';
import { loadRegistries } from '../../src/attribution/registries.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { caseOptions } from '../attribution/methods/cases.ts';
import { ONE_BACKEND } from '../support/backends.ts';
import { type AttributionCase, attributionCases } from '../support/goldens.ts';
import { asTheLibraryRuns, loadTranslator, type Translator } from './encoder-decoder.ts';
import { checkTranslation } from './encoder-decoder-conformance.ts';

const MODELS = ['marian-tiny', 'm2m100-tiny', 'nllb-tiny', 'mbart-tiny', 'bart-tiny', 't5-tiny', 't5-tied-tiny'];
const { methods } = await loadRegistries();

/** Why a case is not held against the engine; null: it is. */
function leftOut(name: string, golden: AttributionCase): string | null {
  const { method } = golden;
  if (!methods.has(method)) return `${method} is not a method here`;
  if (method === 'dummy') return 'step scores alone';
  if (method === 'gradient_shap' && golden.sequences.length > 1) {
    return "Captum takes any sequence's baseline for a sample of a batch, and which it was is not recorded";
  }
  if (['layer_integrated_gradients', 'layer_deeplift'].includes(method)) return 'zeros or rounding noise in 0.7.1';
  const numbers = golden.sequences.some(
    ({ source_attributions: raw, aggregated }) => raw?.data || (aggregated && !('error' in aggregated)),
  );
  if (!numbers) return 'the library failed on its own output, and its raw scores were not recorded';
  if (name === 'prefix-generation') return 'generation from a target prefix is not offered';
  return null;
}

/**
 * Special tokens have no paths of their own in discretized integrated gradients. M2M100's language codes were such tokens
 * in the first case that the library ran, and no longer in those after it.
 */
function forgetsLanguages(name: string, golden: AttributionCase): boolean {
  const { model, method } = golden;
  return model === 'm2m100-tiny' && method === 'discretized_integrated_gradients' && !name.endsWith('-a-free');
}

/** Special tokens without language codes. */
function unnamedIds({ tokenizer }: Translator): ReadonlySet<number> {
  return new Set(Object.values(tokenizer.special).filter((id) => id !== null));
}

for (const name of MODELS) {
  describe(`${name}: attributions`, () => {
    let translator: Translator;
    before(async () => {
      await startBackend(ONE_BACKEND);
      translator = asTheLibraryRuns(await loadTranslator(name));
    });
    const cases = attributionCases(name);
    for (const [key, golden] of cases) {
      if (leftOut(key, golden) !== null) continue;
      // 0.7.1's perplexity is 2 to the power of nats.
      const functionArgs = golden.attribute_kwargs.attributed_fn === 'perplexity' ? { base: 2 } : {};
      it(key, () =>
        checkTranslation(translator, golden, {
          ...caseOptions(golden, cases),
          functionArgs,
          ...(forgetsLanguages(key, golden) && { specialIds: unnamedIds(translator) }),
        }),
      );
    }
  });
}
