/** One job: how far it is, then its result, and what can be done with it. */

import { useSignalEffect } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { ContextResult } from '../contract/attribute-context-result.ts';
import type { Job } from '../contract/job.ts';
import type { ShownResult } from '../contract/job-kinds.ts';
import type { Result } from '../contract/result.ts';
import { createView, defaultSettings } from '../view/model/attribution-view.ts';
import { contextDefaults, createContextView } from '../view/model/context-view.ts';
import { settingsOf, type View } from '../view/model/state.ts';
import { ContextResultView } from '../view/parts/context-result.tsx';
import { ResultView } from '../view/parts/result-view.tsx';
import { formatAddress, parseShown } from './address.ts';
import { catalogue } from './catalogue.ts';
import { APPROACH_NAMES } from './document-question.ts';
import type { Approach } from './draft.ts';
import { Progress } from './progress.tsx';
import { type Question, questionOfResult } from './question.ts';
import { recentJobs } from './recent.ts';
import type { Run } from './run.ts';
import { TakeAlong } from './take-along.tsx';

interface JobPageProps {
  run: Run;
  /** Called once the result is there. */
  onResult(result: ShownResult): void;
  /** Sends the same request with other fields. */
  onAgain(question: Question): void;
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
  if (job !== null && result !== null) {
    return 'kind' in result ? (
      <FinishedContext key={job.id} job={job} result={result} onAgain={onAgain} />
    ) : (
      <Finished key={job.id} job={job} result={result} onAgain={onAgain} onCompare={onCompare} />
    );
  }
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
  const question = questionOfResult(result);
  return (
    <>
      <ResultView view={view} />
      <Further result={result} question={question} onAgain={onAgain} onCompare={onCompare} />
      <TakeAlong view={view} job={job} question={question} inseq={true} />
    </>
  );
}

interface FinishedContextProps extends Pick<JobPageProps, 'onAgain'> {
  job: Job;
  result: ContextResult;
}

/** A result about documents or a context. */
function FinishedContext({ job, result, onAgain }: FinishedContextProps) {
  const view = useMemo(() => {
    const { settings, selection } = parseShown(location.search);
    return createContextView(result, settings, selection);
  }, [result]);
  useAddress(view, (shown) => formatAddress({ page: 'job', id: job.id }, shown, contextDefaults(result)));
  const question = questionOfResult(result);
  const { approach } = result.info;
  const others = (Object.keys(APPROACH_NAMES) as Approach[]).filter((one) => one !== approach);
  return (
    <>
      <ContextResultView view={view} />
      {result.sources !== null && (
        <div class="further">
          <Again
            label={`Found by ${approach.replaceAll('_', ' ')}. Look again by`}
            options={others.map((one) => [one, APPROACH_NAMES[one]])}
            onChoose={(one) => onAgain({ ...question, body: { ...question.body, approach: one } })}
          />
        </div>
      )}
      <TakeAlong view={view} job={job} question={question} inseq={approach === 'pecore'} />
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
  question: Question;
}

/** Other aggregators, which the service has to compute, and other jobs to compare with. */
function Further({ result, question, onAgain, onCompare }: FurtherProps) {
  const aggregators = catalogue.value?.aggregators ?? [];
  const used = result.info.aggregators?.map(({ name }) => name).join(', ') || 'none';
  const others = recentJobs().filter(({ id }) => id !== result.job_id);
  return (
    <div class="further">
      <Again
        label={`Aggregated by ${used}. Compute again, merged or reduced by`}
        options={[
          ['raw', 'nothing: raw scores'],
          ...aggregators
            .filter(({ id }) => !NEED_ARGUMENTS.has(id))
            .map(({ id, name }): [string, string] => [id, name]),
        ]}
        onChoose={(name) => {
          const chain = name === 'raw' ? [] : chainWith(result, name);
          onAgain({ ...question, body: { ...question.body, aggregators: chain } });
        }}
      />
      {others.length > 0 && (
        <Again
          label="Compare with"
          options={others.map(({ id, text, method, model }) => [
            id,
            `${text} · ${method.replaceAll('_', ' ')} · ${model}`,
          ])}
          onChoose={onCompare}
        />
      )}
    </div>
  );
}

interface AgainProps {
  label: string;
  options: [string, string][];
  onChoose(option: string): void;
}

/** A menu whose choice is acted upon at once. */
function Again({ label, options, onChoose }: AgainProps) {
  return (
    <label>
      <span class="label">{label}</span>
      <select
        value=""
        onChange={(event) => {
          if (event.currentTarget.value !== '') onChoose(event.currentTarget.value);
        }}
      >
        <option value="">choose …</option>
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Aggregators that say nothing without arguments. */
const NEED_ARGUMENTS = new Set(['pair', 'slices', 'spans', 'split', 'weight']);

/** Merging comes behind the chain as it was, reducing in its place. */
function chainWith({ info }: Result, name: string): unknown[] {
  const merges = ['words', 'subwords', 'sentences'].includes(name);
  return [...(merges ? (info.aggregators ?? []) : []), name];
}
