/** The parts of an answer, each with how far to trust it and the sources that speak for it. */

import type { Citation, Sources } from '../../contract/attribute-context-result.ts';
import type { ContextView } from '../model/context-view.ts';
import { formatAlone } from '../model/scale.ts';
import { factsOfCitation, titleOf } from '../model/sources.ts';

export function Citations({ view, sources }: { view: ContextView; sources: Sources }) {
  const documents = view.result.info.request.documents ?? [];
  const titleOfSource = (index: number) => titleOf(documents[index] ?? {}, index);
  return (
    <section class="citations" aria-label="Parts of the answer with their sources">
      <h3 class="label">Sources</h3>
      <ol>
        {sources.citations.map((citation, c) => (
          <Cited key={c} citation={citation} at={c} view={view} titleOfSource={titleOfSource} />
        ))}
      </ol>
    </section>
  );
}

interface CitedProps {
  citation: Citation;
  at: number;
  view: ContextView;
  titleOfSource(document: number): string;
}

function Cited({ citation, at, view, titleOfSource }: CitedProps) {
  const held = view.pinned.value?.column === at && view.pinned.value.row === null;
  const on = view.focus.value.column === at;
  return (
    <li class={on ? 'on' : ''}>
      <button
        type="button"
        class="cited"
        aria-pressed={held}
        onClick={() => {
          view.pinned.value = held ? null : { column: at, row: null };
        }}
      >
        <bdi>{citation.text}</bdi>
      </button>
      <p class="note">{factsOfCitation(citation).join(' · ')}</p>
      {citation.sources.length > 0 && (
        <ul>
          {citation.sources.map(({ unit, document_index, text, score }) => (
            <li key={unit}>
              <q>
                <bdi>{text}</bdi>
              </q>{' '}
              <span class="muted">
                {titleOfSource(document_index)}, {formatAlone(score)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
