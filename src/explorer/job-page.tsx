/** One job: how far it is, then its result, and what can be done with it. */

import { useSignalEffect } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Job } from '../contract/job.ts';
import type { Result } from '../contract/result.ts';
import { createView, defaultSettings, settingsOf, type View } from '../view/model/state.ts';
import { ResultView } from '../view/parts/result-view.tsx';
import { formatAddress, parseShown } from './address.ts';
import { catalogue } from './catalogue.ts';
import { Progress } from './progress.tsx';
import { recentJobs } from './recent.ts';
import type { Run } from './run.ts';
import { bodyOfResult } from './snippets.ts';
import { TakeAlong } from './take-along.tsx';

interface JobPageProps {
  run: Run;
  /** Called once the result is there. */
  onResult(result: Result): void;
  /** Sends the same request with other fields. */
  onAgain(body: Record<string, unknown>): void;
  onCompare(other: string): void;
}

export function JobPage({ run, onResult, onAgain, onCompare }: JobPageProps) {
  const result = run.result.value;
  const job = run.job.value;
  const problem = run.problem.value;
  useEffect(() => {
    if (result !== null) onResult(result);
  }, [result]);
  if (problem !== null) {
    return (
      <section class="outcome" role="alert">
        <h2 class="sentence">{problem.title}</h2>
        <p class="hint">{problem.detail}</p>
      </section>
    );
  }
  if (job !== null && result !== null)
    return <Finished key={job.id} job={job} result={result} onAgain={onAgain} onCompare={onCompare} />;
  if (job !== null && run.text.value !== null) return <InWords job={job} text={run.text.value} />;
  if (job !== null && (job.status === 'failed' || job.status === 'canceled')) {
    return (
      <section class="outcome" role="alert">
        <h2 class="sentence">{job.status === 'failed' ? 'The job failed.' : 'The job was canceled.'}</h2>
        <p class="hint">{job.error?.message ?? 'Press Explain to ask again.'}</p>
      </section>
    );
  }
  return <Progress run={run} />;
}

/** A result about documents or a context, as the service writes it for a terminal. */
function InWords({ job, text }: { job: Job; text: string }) {
  return (
    <section class="outcome">
      <h2 class="sentence">Where the answer came from</h2>
      <p class="hint">
        {job.method.replaceAll('_', ' ')}, {job.model}. As <a href={job.links.result}>JSON</a>,{' '}
        <a href={`${job.links.result}?format=csv`}>CSV</a>.
      </p>
      <pre class="in-words">{text}</pre>
    </section>
  );
}

interface FinishedProps extends Pick<JobPageProps, 'onAgain' | 'onCompare'> {
  job: Job;
  result: Result;
}

function Finished({ job, result, onAgain, onCompare }: FinishedProps) {
  const view = useMemo(() => {
    const { settings, selection } = parseShown(location.search);
    return createView(result, settings, selection);
  }, [result]);
  useAddress(view, (shown) => formatAddress({ page: 'job', id: job.id }, shown, defaultSettings(result)));
  const body = bodyOfResult(result);
  return (
    <>
      <ResultView view={view} />
      <Further result={result} body={body} onAgain={onAgain} onCompare={onCompare} />
      <TakeAlong view={view} job={job} body={body} />
    </>
  );
}

/** Keeps settings and selection in the address; the way back leads to other jobs, not to other settings. */
export function useAddress(view: View, format: (shown: Parameters<typeof formatAddress>[1]) => string): void {
  useSignalEffect(() => {
    const query = format({ settings: settingsOf(view), selection: view.pinned.value });
    const { pathname, search } = location;
    if (query !== search) history.replaceState(null, '', `${pathname}${query}`);
  });
}

interface FurtherProps extends Pick<JobPageProps, 'onAgain' | 'onCompare'> {
  result: Result;
  body: Record<string, unknown>;
}

/** Other aggregators, which the service has to compute, and other jobs to compare with. */
function Further({ result, body, onAgain, onCompare }: FurtherProps) {
  const aggregators = catalogue.value?.aggregators ?? [];
  const used = result.info.aggregators?.map(({ name }) => name).join(', ') || 'none';
  const others = recentJobs().filter(({ id }) => id !== result.job_id);
  return (
    <div class="further">
      <label>
        <span class="label">Aggregated by {used}. Compute again, merged or reduced by</span>
        <select
          value=""
          onChange={(event) => {
            const name = event.currentTarget.value;
            if (name !== '') onAgain({ ...body, aggregators: name === 'raw' ? [] : chainWith(result, name) });
          }}
        >
          <option value="">choose …</option>
          <option value="raw">nothing: raw scores</option>
          {aggregators
            .filter(({ id }) => !NEED_ARGUMENTS.has(id))
            .map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
        </select>
      </label>
      {others.length > 0 && (
        <label>
          <span class="label">Compare with</span>
          <select
            value=""
            onChange={(event) => {
              if (event.currentTarget.value !== '') onCompare(event.currentTarget.value);
            }}
          >
            <option value="">choose …</option>
            {others.map(({ id, text, method, model }) => (
              <option key={id} value={id}>
                {text} · {method.replaceAll('_', ' ')} · {model}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

/** Aggregators that say nothing without arguments. */
const NEED_ARGUMENTS = new Set(['pair', 'slices', 'spans', 'split', 'weight']);

/** Merging comes behind the chain as it was, reducing in its place. */
function chainWith({ info }: Result, name: string): unknown[] {
  const merges = ['words', 'subwords', 'sentences'].includes(name);
  return [...(merges ? (info.aggregators ?? []) : []), name];
}
