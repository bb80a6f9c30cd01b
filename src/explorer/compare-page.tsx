/** Two results side by side, with how alike they order the same tokens. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ShownResult } from '../contract/job-kinds.ts';
import { type AttributionView, createView, defaultSettings } from '../view/model/attribution-view.ts';
import { agreement } from '../view/model/correlation.ts';
import { methodLine } from '../view/model/facts.ts';
import { Bars } from '../view/parts/bars.tsx';
import { MatrixPanel } from '../view/parts/matrix.tsx';
import { Reading } from '../view/parts/reading.tsx';
import { Sentence } from '../view/parts/sentence.tsx';
import { PanelTools, TextTools } from '../view/parts/toolbar.tsx';
import { Trust } from '../view/parts/trust.tsx';
import { formatAddress, parseShown } from './address.ts';
import * as api from './api.ts';
import { useAddress } from './job-page.tsx';
import { problemOf } from './run.ts';

export function ComparePage({ ids }: { ids: [string, string] }) {
  const views = useSignal<[AttributionView, AttributionView] | null>(null);
  const wrong = useSignal('');
  useEffect(() => {
    Promise.all(ids.map(api.resultOf)).then(
      (results) => {
        views.value = linkedViews(results);
      },
      (error) => {
        wrong.value = problemOf(error).detail;
      },
    );
  }, []);
  if (wrong.value !== '')
    return (
      <p class="error" role="alert">
        {wrong.value}
      </p>
    );
  if (views.value === null) return <p class="progress">Loading both …</p>;
  return <Comparison ids={ids} views={views.value} />;
}

/** Two views with the same settings and the same selection. */
function linkedViews([a, b]: ShownResult[]): [AttributionView, AttributionView] {
  if ('kind' in a || 'kind' in b)
    throw new Error('Two attributions of texts can be compared; one of these jobs is about documents or a context.');
  const { settings, selection } = parseShown(location.search);
  const first = createView(a, { ...settings, panel: 'matrix' }, selection);
  return [first, createView(b, {}, null, first)];
}

function Comparison({ ids, views }: { ids: [string, string]; views: [AttributionView, AttributionView] }) {
  const [first, second] = views;
  useAddress(first, (shown) =>
    formatAddress({ page: 'compare', ids }, shown, { ...defaultSettings(first.result), panel: 'matrix' }),
  );
  const alike = agreement(first.matrix.value, second.matrix.value);
  const { column } = first.focus.value;
  const ofColumn = column === null ? null : (alike?.columns[column] ?? null);
  return (
    <section class="comparison">
      <h2 class="sentence">
        {alike === null || alike.all === null ? (
          'The two have other tokens, so that ranks cannot be compared.'
        ) : (
          <>
            The two order the same tokens {degree(alike.all)}: rank correlation{' '}
            <span class="share">{signed(alike.all)}</span>.
          </>
        )}
      </h2>
      <p class="hint">
        Spearman's, over all cells that both have.
        {ofColumn !== null &&
          column !== null &&
          ` For “${first.matrix.value.columns[column].text}” alone: ${signed(ofColumn)}.`}
      </p>
      <TextTools view={first} />
      <div class="side-by-side">
        {views.map((view, i) => (
          <article key={ids[i]}>
            <h3>
              <a href={`./${formatAddress({ page: 'job', id: ids[i] })}`}>{methodLine(view.result)}</a>
            </h3>
            <p class="muted">
              {view.result.info.model}, {view.result.info.quantization}
            </p>
            <Sentence view={view} />
            <Reading view={view} />
            <Bars view={view} />
            {view.sequence.value.metrics && <Trust metrics={view.sequence.value.metrics} />}
          </article>
        ))}
      </div>
      <PanelTools view={first} panels={['matrix']} />
      <div class="side-by-side">
        {views.map((view, i) => (
          <MatrixPanel key={ids[i]} view={view} />
        ))}
      </div>
    </section>
  );
}

function degree(correlation: number): string {
  if (correlation >= 0.9) return 'almost alike';
  if (correlation >= 0.6) return 'much alike';
  if (correlation >= 0.3) return 'somewhat alike';
  if (correlation > -0.3) return 'hardly alike';
  return 'the other way round';
}

const signed = (value: number): string => value.toFixed(2).replace('-', '−');
