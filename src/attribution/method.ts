/**
 * Attribution methods. A method is one file in methods/ with a default export; everything it needs of the model goes
 * through `Passes`, which serves every generated token from one teacher-forced pass.
 */

import type { TSchema } from 'typebox';
import type { Architecture } from '../models/model.ts';
import type { Random } from '../random.ts';
import type { Passes } from './passes/passes.ts';
import type { ScoreArray, ScoreKind } from './scores.ts';
import type { Paper } from './step-function.ts';

export interface MethodTask {
  readonly passes: Passes;
  /** Arguments, validated and completed by the schema's defaults. */
  readonly args: Record<string, unknown>;
  /** True when the decoder's own prefix is attributed: always for decoder-only models. */
  readonly attributeTarget: boolean;
  readonly random: Random;
  /** Reports finished work, lets other events of the process run, and throws when the job was canceled. */
  tick(completed: number, total: number): Promise<void>;
}

/** What a method gives back for one sequence; axes as in `SequenceAttribution`. */
export interface MethodScores {
  kind: ScoreKind;
  source: ScoreArray | null;
  target: ScoreArray | null;
  /** [steps] */
  convergenceDelta?: Float32Array;
  sequenceScores?: Record<string, ScoreArray>;
  /** Names of the axes after [tokens, steps], where the kind does not tell. */
  axes?: string[];
  /** Names along the axis of layers. */
  layers?: string[];
  /** What stands in for the kind's default aggregation: names of aggregators, [] for none. */
  aggregators?: { name: string; args: Record<string, unknown> }[];
  /** Fit diagnostics by name: [steps] each (LIME's R2). */
  diagnostics?: Record<string, Float32Array>;
}

export interface Method {
  readonly id: string;
  readonly name: string;
  /** One or two sentences: what it computes and when to prefer it. */
  readonly description: string;
  readonly paper: Paper | null;
  readonly argsSchema: TSchema;
  readonly appliesTo: readonly Architecture[];
  /** True when it needs the gradient of the attributed function. */
  readonly needsGradient: boolean;
  attribute(task: MethodTask): Promise<MethodScores>;
}
