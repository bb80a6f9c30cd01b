/** A result to look at: in words, as shaded text, as bars, and as the matrix, layers or step scores below. */

import { type AttributionView, createView } from '../model/attribution-view.ts';
import { methodLine, notesOf } from '../model/facts.ts';
import { hasLayers } from '../model/layers.ts';
import { type Panel, settingsOf } from '../model/state.ts';
import { excerpt } from '../model/text.ts';
import { Alternatives } from './alternatives.tsx';
import { Bars } from './bars.tsx';
import { Facts } from './facts.tsx';
import { LayersPanel } from './layers.tsx';
import { MatrixPanel } from './matrix.tsx';
import { usePrinting } from './printing.ts';
import { Reading } from './reading.tsx';
import { ScoresPanel } from './scores.tsx';
import { Sentence } from './sentence.tsx';
import { PanelTools, TextTools } from './toolbar.tsx';
import { Trust } from './trust.tsx';

/** One text at a time; on paper all of them. */
export function ResultView({ view }: { view: AttributionView }) {
  const { sequences } = view.result;
  const printing = usePrinting();
  if (!printing || sequences.length < 2) return <Text view={view} printing={printing} />;
  const settings = settingsOf(view);
  return (
    <>
      {sequences.map((_, text) => (
        <Text key={text} view={createView(view.result, { ...settings, text })} printing={true} />
      ))}
    </>
  );
}

function Text({ view, printing }: { view: AttributionView; printing: boolean }) {
  const { result } = view;
  const sequence = view.sequence.value;
  if (sequence === undefined) return <p class="note">The result holds no text.</p>;
  if (sequence.error !== undefined) {
    return (
      <article class="result">
        <Texts view={view} />
        <h2 class="sentence">This text failed: {sequence.error.message}</h2>
        <Facts result={result} open={printing} />
      </article>
    );
  }
  const attributed = view.matrix.value.rows.length > 0;
  return (
    <article class="result">
      <Texts view={view} />
      <Sentence view={view} />
      <p class="hint">
        {methodLine(result)}, {result.info.model}
        {attributed && '. Point at a word to see what it came from or led to; click to hold it.'}
      </p>
      {attributed && <TextTools view={view} />}
      <div class="look">
        <div class="look-main">
          <Reading view={view} />
          <div class="below">
            {notesOf(result, sequence, view.text.value).map((note) => (
              <p key={note} class="note">
                {note}
              </p>
            ))}
            <PanelTools view={view} panels={panelsOf(view)} />
            <ShownPanel view={view} />
          </div>
        </div>
        <div class="beside">
          <Bars view={view} />
          <Alternatives view={view} />
          {sequence.metrics && <Trust metrics={sequence.metrics} />}
        </div>
      </div>
      <Facts result={result} open={printing} />
    </article>
  );
}

/** What can be shown below the text. */
function panelsOf({ matrix, sequence }: AttributionView): Panel[] {
  const { step_scores, convergence_delta } = sequence.value;
  const panels: Panel[] = [];
  if (matrix.value.rows.length > 0) panels.push('matrix');
  if (hasLayers(sequence.value)) panels.push('layers');
  if (Object.keys(step_scores).length > 0 || convergence_delta !== null) panels.push('scores');
  return panels;
}

function ShownPanel({ view }: { view: AttributionView }) {
  if (view.panel.value === 'layers') return <LayersPanel view={view} />;
  if (view.panel.value === 'scores') return <ScoresPanel view={view} sequence={view.sequence.value} />;
  return view.matrix.value.rows.length > 0 ? <MatrixPanel view={view} /> : null;
}

/** The texts of a batch. */
function Texts({ view }: { view: AttributionView }) {
  const { sequences } = view.result;
  if (sequences.length < 2) return null;
  return (
    <label class="texts">
      <span class="label">
        Text {view.text.value + 1} of {sequences.length}
      </span>
      <select
        value={view.text.value}
        onChange={(event) => {
          view.pinned.value = null;
          view.text.value = Number(event.currentTarget.value);
        }}
      >
        {sequences.map((sequence, i) => (
          <option key={i} value={i}>
            {i + 1} {excerpt(sequence) || view.result.info.input_texts?.[i].trim().slice(0, 80)}
          </option>
        ))}
      </select>
    </label>
  );
}
