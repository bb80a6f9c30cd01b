/** The service as the page asks it; what it refuses is a `Refusal` with the problem's fields. */

import type {
  AggregatorInfo,
  MethodInfo,
  MetricInfo,
  ModelInfo,
  StepFunctionInfo,
  UnusableModel,
} from '../contract/catalogue.ts';
import type { StepEvent } from '../contract/events.ts';
import type { Job, JobList, Progress } from '../contract/job.ts';
import type { JobResult, ShownResult } from '../contract/job-kinds.ts';
import type { Problem } from '../contract/problem.ts';
import type { Session } from '../contract/session.ts';
import type { Question } from './question.ts';

/** An answer that says no. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The address of a path of the service, wherever it is published. */
export function urlOf(path: string): string {
  return new URL(path.replace(/^\//, ''), document.baseURI).href;
}

async function ask<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(urlOf(path), { ...init, headers: { accept: 'application/json', ...init.headers } });
  } catch {
    throw refused(0, 'The service does not answer. Is it still running?');
  }
  if (response.status === 401) {
    location.assign(urlOf(`sign-in?next=${encodeURIComponent(`${location.pathname}${location.search}`)}`));
    return new Promise(() => {}); // the page is being left
  }
  const text = await response.text();
  if (response.ok) return text === '' ? (undefined as Answer) : JSON.parse(text);
  if (!response.headers.get('content-type')?.includes('json')) {
    throw refused(response.status, `The service answered with status ${response.status}. Try again.`);
  }
  throw new Refusal(JSON.parse(text));
}

function refused(status: number, detail: string): Refusal {
  return new Refusal({ type: 'about:blank', title: 'No answer', status, detail });
}

const path = (id: string) => `jobs/${encodeURIComponent(id)}`;

export const models = () => ask<{ models: (ModelInfo | UnusableModel)[] }>('models');
export const methods = () => ask<{ methods: MethodInfo[] }>('methods');
export const stepFunctions = () => ask<{ step_functions: StepFunctionInfo[] }>('step-functions');
export const aggregators = () => ask<{ aggregators: AggregatorInfo[] }>('aggregators');
export const metrics = () => ask<{ faithfulness_metrics: MetricInfo[] }>('faithfulness-metrics');
export const session = () => ask<Session>('session');
export const jobOf = (id: string) => ask<Job>(path(id));
/** @throws {Refusal} where the page has nothing to show of the result */
export async function resultOf(id: string): Promise<ShownResult> {
  const result = await ask<JobResult>(`${path(id)}/result`);
  if (!('kind' in result) || result.kind !== 'evaluate') return result;
  const detail = `This page shows scores of texts. ${urlOf(`${path(id)}/result?format=text`)} has the ranking as a table.`;
  throw new Refusal({ type: 'about:blank', title: 'This job compares methods', status: 200, detail });
}
export const cancel = (id: string) => ask<Job>(`${path(id)}/cancel`, { method: 'POST' });
export const jobs = (cursor: string | null) =>
  ask<JobList>(`jobs?limit=30${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);

export function submit({ path: to, body }: Question): Promise<Job> {
  const headers = { 'content-type': 'application/json' };
  return ask<Job>(to, { method: 'POST', body: JSON.stringify(body), headers });
}

export interface Follower {
  progress(progress: Progress): void;
  step(step: StepEvent): void;
  done(job: Job): void;
}

/** Tells of a job until it is done, from its beginning; gives what ends it. */
export function follow(id: string, follower: Follower): () => void {
  const events = new EventSource(urlOf(`${path(id)}/events`));
  events.addEventListener('progress', ({ data }) => follower.progress(JSON.parse(data)));
  events.addEventListener('step', ({ data }) => follower.step(JSON.parse(data)));
  events.addEventListener('done', ({ data }) => {
    events.close();
    follower.done(JSON.parse(data));
  });
  return () => events.close();
}
