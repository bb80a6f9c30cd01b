/**
 * Attribution methods. A method is one file in methods/ with a default export; everything it needs of the model goes
 * through `Passes` and the `Objective`, which serve every generated token from one teacher-forced pass.
 */

import type { TSchema } from 'typebox';
import type { MethodPasses } from '../contract/catalogue.ts';
import type { Architecture } from '../models/model.ts';
import type { Random } from '../random.ts';
import type { Arguments } from './arguments.ts';
import type { Objective } from './passes/objective.ts';
import type { Passes } from './passes/passes.ts';
import type { ScoreArray, ScoreKind, Token } from './scores.ts';
import type { Sides } from './sides.ts';
import type { Paper } from './step-function.ts';

export interface MethodTask<Args = Record<string, unknown>> {
  readonly passes: Passes;
  /** The score that is attributed. */
  readonly objective: Objective;
  /** Validated, with defaults filled in. */
  readonly args: Args;
  /** True when the decoder's own prefix is attributed: always for decoder-only models. */
  readonly attributeTarget: boolean;
  readonly random: Random;
  /** The tokens of each side with the text that their characters are of; a side without tokens where there is none. */
  readonly text: Sides<SideText>;
  /** Seconds that a job may take. */
  readonly secondsAllowed: number;
  /** Reports progress and yields to the event loop. Throws when the job was canceled. */
  onProgress(completed: number, total: number): Promise<void>;
  /** Tells that the first `columns` columns are final in `scores`: they leave at once. Optional to call. */
  onSteps(columns: number, scores: MethodScores): void;
}

/** Tokens of a side, and the text that they are of. */
interface SideText {
  readonly tokens: readonly Token[];
  readonly text: string;
}

/** What a method returns for one sequence; axes as in `SequenceAttribution`. */
export interface MethodScores {
  kind: ScoreKind;
  source: ScoreArray | null;
  target: ScoreArray | null;
  /** [columns] */
  convergenceDelta?: Float32Array;
  sequenceScores?: Record<string, ScoreArray>;
  /** Names of the axes after [tokens, columns], where the kind does not imply them. */
  axes?: string[];
  /** Names along the axis of layers. */
  layers?: string[];
  /** Replaces the kind's default aggregation: aggregators in order, [] for none. */
  aggregators?: { name: string; args: Record<string, unknown> }[];
  /** Fit diagnostics by name: [columns] each (LIME's R2). */
  diagnostics?: Record<string, Float32Array>;
}

export interface Method {
  readonly id: string;
  readonly name: string;
  /** One or two sentences: what it computes and when to prefer it. */
  readonly description: string;
  readonly paper: Paper | null;
  /** JSON Schema of the arguments, with defaults. */
  readonly argsSchema: TSchema;
  readonly appliesTo: readonly Architecture[];
  /** Model types of these architectures that it does not apply to; left out: none. */
  readonly exceptTypes?: readonly string[];
  /** True when it needs the gradient of the attributed function. */
  readonly needsGradient: boolean;
  /** What it runs, for quotes; left out: nobody can tell before it was done. */
  readonly passes?: MethodPasses;
  /** @throws {AttributionError} when the arguments do not fit the model or the sequence */
  attribute(task: MethodTask): Promise<MethodScores>;
}

/** Whether a method can be asked of a model. */
export function applies({ appliesTo, exceptTypes = [] }: Method, model: AppliedTo): boolean {
  return appliesTo.includes(model.architecture) && !exceptTypes.includes(model.modelType);
}

/** What of a model decides which methods apply to it. */
interface AppliedTo {
  readonly architecture: Architecture;
  readonly modelType: string;
}

/** A method whose `args` have the type of its schema. */
export function defineMethod<const Schema extends TSchema>(
  method: Omit<Method, 'argsSchema' | 'attribute'> & {
    readonly argsSchema: Schema;
    attribute(task: MethodTask<Arguments<Schema>>): Promise<MethodScores>;
  },
): Method {
  return method;
}
