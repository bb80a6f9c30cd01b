/** The jobs of this instance, newest first; two of them can be compared. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Job } from '../contract/job.ts';
import { wordsOf } from '../view/model/facts.ts';
import { formatAddress } from './address.ts';
import * as api from './api.ts';
import { recentJobs } from './recent.ts';
import { problemOf } from './run.ts';

interface JobsPageProps {
  onCompare(ids: [string, string]): void;
}

export function JobsPage({ onCompare }: JobsPageProps) {
  const jobs = useSignal<Job[] | null>(null);
  const next = useSignal<string | null>(null);
  const chosen = useSignal<string[]>([]);
  const wrong = useSignal('');
  const load = async (cursor: string | null) => {
    try {
      const page = await api.jobs(cursor);
      jobs.value = [...(cursor === null ? [] : (jobs.value ?? [])), ...page.jobs];
      next.value = page.next_cursor;
    } catch (error) {
      wrong.value = problemOf(error).detail;
    }
  };
  useEffect(() => {
    load(null);
  }, []);
  const texts = new Map(recentJobs().map(({ id, text }) => [id, text]));
  const [first, second] = chosen.value;
  return (
    <section class="jobs">
      <h2 class="sentence">Jobs of this service</h2>
      {wrong.value !== '' && (
        <p class="error" role="alert">
          {wrong.value}
        </p>
      )}
      {jobs.value === null && wrong.value === '' && <p class="hint">Loading …</p>}
      {jobs.value !== null && jobs.value.length === 0 && <p class="hint">There are none yet.</p>}
      {jobs.value !== null && jobs.value.length > 0 && (
        <>
          <p class="hint">
            {second === undefined ? 'Mark two to compare them.' : ''}
            {first !== undefined && second !== undefined && (
              <button type="button" class="primary" onClick={() => onCompare([first, second])}>
                Compare the two
              </button>
            )}
          </p>
          <table class="list">
            <thead>
              <tr>
                <th scope="col">
                  <span class="hidden">Compare</span>
                </th>
                <th scope="col">Asked</th>
                <th scope="col">What</th>
                <th scope="col">Status</th>
              </tr>
            </thead>
            <tbody>
              {jobs.value.map((job) => (
                <tr key={job.id}>
                  <td>
                    <input
                      type="checkbox"
                      aria-label={`Compare ${job.id}`}
                      disabled={job.status !== 'succeeded' || job.kind !== 'attribute'}
                      checked={chosen.value.includes(job.id)}
                      onChange={(event) => {
                        const others = chosen.value.filter((id) => id !== job.id);
                        chosen.value = event.currentTarget.checked ? [...others, job.id].slice(-2) : others;
                      }}
                    />
                  </td>
                  <td class="muted">{new Date(job.created_at).toLocaleString()}</td>
                  <td>
                    <a href={`.${formatAddress({ page: 'job', id: job.id })}`.replace(/^\./, './')}>
                      {texts.get(job.id) ?? wordsOf(job.method)}
                    </a>{' '}
                    <span class="muted">
                      {texts.has(job.id) ? `${wordsOf(job.method)}, ` : ''}
                      {job.model}
                    </span>
                  </td>
                  <td class={`status ${job.status}`}>{job.status}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {next.value !== null && (
            <button type="button" class="plain" onClick={() => load(next.value)}>
              Older ones
            </button>
          )}
        </>
      )}
    </section>
  );
}
