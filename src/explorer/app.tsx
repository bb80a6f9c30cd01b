/** The page as a whole: the question on top, below it a job, the jobs, or two compared. */

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ShownResult } from '../contract/job-kinds.ts';
import type { Problem } from '../contract/problem.ts';
import { ThemeChoice } from '../view/parts/theme.tsx';
import { formatAddress, type Place, parsePlace } from './address.ts';
import * as api from './api.ts';
import { type Catalogue, catalogue, catalogueError, loadCatalogue, modelOf } from './catalogue.ts';
import { ComparePage } from './compare-page.tsx';
import { Composer } from './composer.tsx';
import { type Draft, emptyDraft } from './draft.ts';
import { JobPage } from './job-page.tsx';
import { JobsPage } from './jobs-page.tsx';
import { draftOf, type Question } from './question.ts';
import { forget, recentJobs, remember } from './recent.ts';
import { openRun, problemOf, type Run } from './run.ts';

const place = signal<Place>(parsePlace(location.search));
const run = signal<Run | null>(null);
const draft = signal<Draft>(emptyDraft(null));
const problem = signal<Problem | null>(null);
const busy = signal(false);

function go(next: Place): void {
  history.pushState(null, '', `${location.pathname}${formatAddress(next)}`);
  show(next);
}

function show(next: Place): void {
  run.value?.stop();
  run.value = next.page === 'job' ? openRun(next.id) : null;
  place.value = next;
  problem.value = null;
}

async function ask(question: Question): Promise<void> {
  busy.value = true;
  problem.value = null;
  try {
    const job = await api.submit(question);
    remember({ id: job.id, text: textOf(question.body), model: job.model, method: job.method, at: job.created_at });
    go({ page: 'job', id: job.id });
  } catch (error) {
    problem.value = problemOf(error);
  } finally {
    busy.value = false;
  }
}

function textOf({ input_texts, query, messages }: Record<string, unknown>): string {
  if (typeof query === 'string') return query;
  const first = Array.isArray(input_texts) ? input_texts[0] : input_texts;
  if (typeof first === 'string') return first;
  const last = Array.isArray(messages) ? messages.at(-1) : null;
  return typeof last?.content === 'string' ? last.content : 'a conversation';
}

/** The question of a result goes back into the form, so that it can be asked otherwise. */
function fillIn(result: ShownResult): void {
  const model = modelOf(result.info.model);
  const asked = model === undefined ? null : draftOf(result, model);
  if (asked !== null) draft.value = asked;
}

const TITLES = { job: 'An answer explained', jobs: 'Jobs', compare: 'Two answers compared' };

export function App() {
  useEffect(() => {
    loadCatalogue().then(() => {
      const first = catalogue.value?.models[0];
      if (draft.value.model === '' && first !== undefined) draft.value = emptyDraft(first);
      const result = run.value?.result.value;
      if (result) fillIn(result);
    });
    show(place.value);
    const moved = () => show(parsePlace(location.search));
    addEventListener('popstate', moved);
    return () => removeEventListener('popstate', moved);
  }, []);
  const known = catalogue.value;
  const { page } = place.value;
  return (
    <>
      <Header />
      <main>
        {page !== 'ask' && <h1 class="hidden">{TITLES[page]}</h1>}
        {catalogueError.value !== null && (
          <p class="error" role="alert">
            {catalogueError.value}
          </p>
        )}
        {(page === 'ask' || page === 'job') && known !== null && (
          <>
            {page === 'ask' && <Welcome />}
            <Composer draft={draft} known={known} problem={problem.value} busy={busy.value} onSend={ask} />
          </>
        )}
        <Content known={known} />
      </main>
      <footer>
        <a href="docs">How to ask by program</a>
        <a href="openapi.json">OpenAPI</a>
      </footer>
    </>
  );
}

function Header() {
  return (
    <header class="top">
      <Link to={{ page: 'ask' }} name="home">
        Whence
      </Link>
      <nav aria-label="Pages">
        <Link to={{ page: 'jobs' }}>Jobs</Link>
        <a href="docs">API</a>
      </nav>
      <ThemeChoice />
    </header>
  );
}

function Link({ to, name, children }: { to: Place; name?: string; children: string }) {
  return (
    <a
      class={name}
      href={`./${formatAddress(to)}`}
      aria-current={place.value.page === to.page ? 'page' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}

function Welcome() {
  return (
    <div class="welcome">
      <h1>Which words made the model say that?</h1>
      <p>Press Explain, and see which part of the text each word of the answer came from.</p>
    </div>
  );
}

function Content({ known }: { known: Catalogue | null }) {
  const at = place.value;
  if (at.page === 'jobs') return <JobsPage onCompare={(ids) => go({ page: 'compare', ids })} />;
  if (at.page === 'compare') return <ComparePage key={at.ids.join()} ids={at.ids} />;
  if (at.page === 'ask') return known === null ? null : <Recents />;
  if (run.value === null) return null;
  return (
    <JobPage
      run={run.value}
      onResult={fillIn}
      onAgain={ask}
      onCompare={(other) => go({ page: 'compare', ids: [at.id, other] })}
    />
  );
}

const recents = signal(recentJobs());

function Recents() {
  useEffect(() => {
    recents.value = recentJobs();
  }, []);
  if (recents.value.length === 0) return null;
  return (
    <section class="recents">
      <h2 class="label">Asked in this browser</h2>
      <ul>
        {recents.value.map(({ id, text, model, method }) => (
          <li key={id}>
            <a href={`./${formatAddress({ page: 'job', id })}`}>{text}</a>{' '}
            <span class="muted">
              {method.replaceAll('_', ' ')}, {model}
            </span>
            <button
              type="button"
              class="link"
              aria-label={`Forget “${text}”`}
              onClick={() => {
                forget(id);
                recents.value = recentJobs();
              }}
            >
              Forget
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
