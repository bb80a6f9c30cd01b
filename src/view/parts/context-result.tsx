/** A result about documents or a context: in words, the answer and where its parts came from, and all scores below. */

import type { ContextView } from '../model/context-view.ts';
import { contextLine, contextNotes } from '../model/facts.ts';
import { ANSWER } from '../model/sources.ts';
import type { Panel } from '../model/state.ts';
import { Bars } from './bars.tsx';
import { Citations } from './citations.tsx';
import { Facts } from './facts.tsx';
import { MatrixPanel } from './matrix.tsx';
import { usePrinting } from './printing.ts';
import { Reading } from './reading.tsx';
import { ScoresPanel } from './scores.tsx';
import { Sentence } from './sentence.tsx';
import { Choice, PanelTools, TextTools } from './toolbar.tsx';

export function ContextResultView({ view }: { view: ContextView }) {
  const { result, sequence } = view;
  const aspect = view.aspect.value;
  const tokens = aspect === 'reliance';
  const attributed = view.matrix.value.columns.length > 0;
  const panels: Panel[] = [...(attributed ? ['matrix' as const] : []), ...(tokens ? ['scores' as const] : [])];
  return (
    <article class="result">
      <Aspects view={view} />
      <Sentence view={view} />
      <p class="hint">
        {contextLine(result)}, {result.info.model}
        {attributed && '. Point at a part of the answer to see what it came from; click to hold it.'}
      </p>
      {tokens && attributed && <TextTools view={view} />}
      <div class="look">
        <div class="look-main">
          <Texts view={view} />
          <div class="below">
            {contextNotes(result).map((note) => (
              <p key={note} class="note">
                {note}
              </p>
            ))}
            <PanelTools view={view} panels={panels} />
            {view.panel.value === 'scores' && tokens && sequence !== null ? (
              <ScoresPanel view={view} sequence={sequence} />
            ) : (
              attributed && <MatrixPanel view={view} />
            )}
          </div>
        </div>
        <div class="beside">
          {attributed && <Bars view={view} />}
          {!tokens && result.sources !== null && <Citations view={view} sources={result.sources} />}
        </div>
      </div>
      <Facts result={result} open={usePrinting()} />
    </article>
  );
}

/** Documents may be long: the answer stands above them, and stays in sight while they are scrolled. */
function Texts({ view }: { view: ContextView }) {
  const paragraphs = view.paragraphs.value;
  if (view.aspect.value === 'reliance') return <Reading view={view} />;
  const documents = view.result.info.request.documents?.length ?? 0;
  const before = paragraphs.slice(0, paragraphs.length - documents);
  return (
    <>
      <Reading view={view} paragraphs={before} />
      <Reading view={view} paragraphs={paragraphs.slice(before.length)} />
    </>
  );
}

const ASPECT_NAMES = { sources: `${ANSWER} and documents`, reliance: 'Tokens and their cues' };

/** PECoRe on documents has both. */
function Aspects({ view }: { view: ContextView }) {
  if (view.aspects.length < 2) return null;
  return (
    <div class="tools">
      <Choice
        name="What is looked at"
        value={view.aspect.value}
        options={view.aspects.map((aspect) => [aspect, ASPECT_NAMES[aspect]])}
        onChoose={(aspect) => {
          view.pinned.value = null;
          view.text.value = view.aspects.indexOf(aspect);
        }}
      />
    </div>
  );
}
