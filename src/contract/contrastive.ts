/** Which step functions compare with other texts: for the service and for pages, which take no schema library along. */
import type { StepFunctionInfo } from './catalogue.ts';

export function isContrastive({ args_schema: { properties } }: Pick<StepFunctionInfo, 'args_schema'>): boolean {
  return typeof properties === 'object' && properties !== null && 'contrast_targets' in properties;
}
