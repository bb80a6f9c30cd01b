/** The translation models against the numbers of Inseq 0.4.0: its own aggregation, and the layer methods that 0.7.1 broke. */

import { before, describe, it } from 'node:test';
import { startBackend } from '../../src/tensors/backend.ts';
import { contrastAsText } from '../attribution/contrast-ids.ts';
import { optionsOfV040 } from '../attribution/methods/cases.ts';
import { ONE_BACKEND } from '../support/backends.ts';
import { type AttributionCase, attributionCasesV040 } from '../support/goldens.ts';
import { asTheLibraryRuns, encodeTarget, loadTranslator, type Translator } from './encoder-decoder.ts';
import { checkTranslation } from './encoder-decoder-conformance.ts';

function leftOut(golden: AttributionCase): string | null {
  const { source_attributions: raw, aggregated } = golden.sequences[0];
  if (!raw?.data && aggregated?.error !== undefined) return 'no numbers: raw ones too large, the aggregation failed';
  return null;
}

async function check(
  translator: Translator,
  golden: AttributionCase,
  cases: ReadonlyMap<string, AttributionCase>,
): Promise<void> {
  const functionArgs = golden.attribute_kwargs.attributed_fn === 'crossentropy' ? { base: 2 } : {};
  const { tokenizer } = translator;
  const decode = (ids: number[]) => tokenizer.decode(ids, { skipSpecialTokens: true });
  const asked = contrastAsText(golden, decode, (text) => encodeTarget(translator, text));
  await checkTranslation(translator, asked, { ...optionsOfV040(golden, cases), functionArgs, withoutStart: true });
}

for (const name of ['marian-tiny', 'm2m100-tiny']) {
  describe(`${name}: attributions of v0.4.0`, () => {
    let translator: Translator;
    before(async () => {
      await startBackend(ONE_BACKEND);
      translator = asTheLibraryRuns(await loadTranslator(name));
    });
    const cases = attributionCasesV040(name);
    for (const [key, golden] of cases) {
      if (leftOut(golden) === null) it(key, () => check(translator, golden, cases));
    }
  });
}
