/** Contrast texts: can they be set beside the texts that they are compared with? */
import type { CompleteCall } from '../contract/attribute-request.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import { show } from '../validation/show.ts';
import type { Issues } from './issues.ts';
import type { Texts } from './texts.ts';

/**
 * Refuses a contrast text that leaves out the prompt of a decoder-only model. An attributed function takes nothing but
 * other tokens from it, paired from the end, and those of "Rome" alone are not those of "… is Rome". A text with another
 * prompt is meant where it is run through the model (`contrast_force_inputs`, step scores) or paired by hand.
 */
export function checkContrast(
  { name, args }: CompleteCall,
  { input_texts: inputs, messages }: Texts,
  model: ModelInfo,
  issues: Issues,
): void {
  const { contrast_targets: given, contrast_targets_alignments: pairs, contrast_force_inputs: run } = args;
  if (model.architecture !== 'decoder-only' || messages !== null || run === true || pairs != null) return;
  const contrasts = [given].flat().filter((text) => typeof text === 'string');
  const pointer = '#/attributed_fn/args/contrast_targets';
  for (const [index, contrast] of contrasts.entries()) {
    const own = contrasts.length === 1 ? inputs : inputs.slice(index, index + 1);
    if (own.length === 0 || own.some((input) => contrast.startsWith(input))) continue;
    issues.add(
      Array.isArray(given) ? `${pointer}/${index}` : pointer,
      `is to be the whole other text, input text included, like \`generated_texts\`: got ${show(contrast)} for the input ${show(own[0])}. For a text with another beginning set contrast_force_inputs to true, or pair the tokens of "${name}" by contrast_targets_alignments.`,
    );
  }
}
