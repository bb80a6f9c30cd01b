/** A job that is followed from being sent to its result. */

import { batch, type Signal, signal } from '@preact/signals';
import type { StepEvent } from '../contract/events.ts';
import type { Job, Progress } from '../contract/job.ts';
import type { ShownResult } from '../contract/job-kinds.ts';
import type { Problem } from '../contract/problem.ts';
import * as api from './api.ts';

export interface Run {
  readonly job: Signal<Job | null>;
  readonly progress: Signal<Progress | null>;
  readonly steps: Signal<StepEvent[]>;
  readonly result: Signal<ShownResult | null>;
  readonly problem: Signal<Problem | null>;
  stop(): void;
}

/** Milliseconds between two looks at the place in the queue. */
const QUEUE_LOOK_MS = 2_000;

/** Written here because the contract's own function would bring its schemas into the page. */
const isFinal = (status: Job['status']): boolean => status !== 'queued' && status !== 'running';

/** Follows a job that there is. */
export function openRun(id: string): Run {
  const run = {
    job: signal<Job | null>(null),
    progress: signal<Progress | null>(null),
    steps: signal<StepEvent[]>([]),
    result: signal<ShownResult | null>(null),
    problem: signal<Problem | null>(null),
  };
  let stopped = false;
  let end = () => {};
  const fail = (error: unknown) => {
    if (!stopped) run.problem.value = problemOf(error);
  };
  const finish = async (job: Job) => {
    if (stopped) return;
    try {
      const result = job.status === 'succeeded' ? await api.resultOf(id) : null;
      batch(() => {
        run.result.value = result;
        run.job.value = job;
      });
    } catch (error) {
      fail(error);
    }
  };
  const start = async () => {
    const job = await api.jobOf(id);
    if (stopped) return;
    if (isFinal(job.status)) return finish(job);
    run.job.value = job;
    run.progress.value = job.progress;
    const look = setInterval(() => lookAtQueue(id, run).catch(fail), QUEUE_LOOK_MS);
    const close = api.follow(id, {
      progress: (progress) => {
        run.progress.value = progress;
      },
      step: (step) => {
        run.steps.value = [...run.steps.value, step];
      },
      done: (ended) => {
        clearInterval(look);
        finish(ended);
      },
    });
    end = () => {
      clearInterval(look);
      close();
    };
  };
  start().catch(fail);
  return {
    ...run,
    stop() {
      stopped = true;
      end();
    },
  };
}

/** Events tell of phases; only the job itself tells how many are in front of it. */
async function lookAtQueue(id: string, { job, progress }: Pick<Run, 'job' | 'progress'>): Promise<void> {
  if (progress.value?.phase !== 'queued') return;
  const now = await api.jobOf(id);
  if (!isFinal(now.status)) job.value = now;
}

export function problemOf(error: unknown): Problem {
  if (error instanceof api.Refusal) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { type: 'about:blank', title: 'Something went wrong in this page', status: 0, detail };
}
