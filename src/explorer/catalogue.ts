/** What the service can do, asked once. */

import { signal } from '@preact/signals';
import type {
  AggregatorInfo,
  MethodInfo,
  MetricInfo,
  ModelInfo,
  StepFunctionInfo,
  UnusableModel,
} from '../contract/catalogue.ts';
import type { Session } from '../contract/session.ts';
import * as api from './api.ts';

export interface Catalogue {
  models: ModelInfo[];
  unusable: UnusableModel[];
  methods: MethodInfo[];
  stepFunctions: StepFunctionInfo[];
  aggregators: AggregatorInfo[];
  metrics: MetricInfo[];
  /** What the signed-in key may do, and its name. */
  session: Session;
}

/** Null until it is there. */
export const catalogue = signal<Catalogue | null>(null);
export const catalogueError = signal<string | null>(null);

export async function loadCatalogue(): Promise<void> {
  try {
    const [{ models }, { methods }, { step_functions }, { aggregators }, { faithfulness_metrics }, session] =
      await Promise.all([
        api.models(),
        api.methods(),
        api.stepFunctions(),
        api.aggregators(),
        api.metrics(),
        api.session(),
      ]);
    const isUsable = (model: ModelInfo | UnusableModel): model is ModelInfo => !('unusable' in model);
    catalogue.value = {
      models: models.filter(isUsable),
      unusable: models.filter((model): model is UnusableModel => !isUsable(model)),
      methods,
      stepFunctions: step_functions,
      aggregators,
      metrics: faithfulness_metrics,
      session,
    };
    catalogueError.value = null;
  } catch (error) {
    catalogueError.value = error instanceof Error ? error.message : String(error);
  }
}

/** The model with this id; undefined where it is not served (any more). */
export function modelOf(id: string): ModelInfo | undefined {
  return catalogue.value?.models.find((model) => model.id === id);
}
