/** What a worker and its engine process say to each other. */
import type { Config } from '../config.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import type { StepEvent } from '../contract/events.ts';
import type { Difference, JobError, Progress } from '../contract/job.ts';
import type { JobRequest } from '../contract/job-kinds.ts';
import type { Usage } from '../contract/usage.ts';
import type { Measured } from '../effort.ts';

export type ToEngine =
  /** The first message: which engine to start, and how. */
  | { type: 'start'; module: string; config: Config; maxResultBytes: number }
  | { type: 'warm'; model: string }
  /** Take the models file over as it is now. */
  | { type: 'reload' }
  /**
   * `slot`: which flag stops it (stop-flags.ts). `traceparent`: the span that it belongs to. `original`: the packed result
   * that its own is to be compared with. `savepoint`: what an earlier attempt has put down.
   */
  | {
      type: 'attribute';
      id: string;
      slot: number;
      request: JobRequest;
      traceparent?: string;
      original?: Uint8Array;
      savepoint?: Uint8Array;
    }
  /** Put down what has been computed of a job, and stop. */
  | { type: 'hand over'; id: string }
  | { type: 'cancel'; id: string };

export type FromEngine =
  | { type: 'ready'; catalogue: Catalogue }
  /** The engine cannot start at all; the process ends after it. */
  | { type: 'unusable'; message: string }
  | { type: 'loaded'; models: string[] }
  | { type: 'reloaded'; catalogue: Catalogue; models: string[] }
  /** The models file cannot be taken over: all is as it was. */
  | { type: 'not reloaded'; message: string }
  /** Resident, of the engine's process. */
  | { type: 'memory'; bytes: number }
  | { type: 'progress'; id: string; progress: Omit<Progress, 'fraction'> }
  | { type: 'step'; id: string; step: StepEvent }
  /** What has been computed of a job, for another attempt. */
  | { type: 'saved'; id: string; savepoint: Uint8Array }
  /**
   * Packed JSON, the result without what names its job (src/jobs/packing.ts). `failedTexts`: how many of its texts
   * failed. `fingerprint`: of the model.
   */
  | {
      type: 'succeeded';
      id: string;
      result: Uint8Array;
      inseq: Uint8Array;
      failedTexts: number;
      usage: Usage;
      measured: Measured;
      fingerprint: string;
      difference?: Difference;
    }
  /** `detail` is for the log. `retry`: the request is not at fault. */
  | { type: 'failed'; id: string; error: JobError; retry: boolean; detail: string };
