/** What a reader can switch: units, direction, scale, what is shown below the text. */

import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { hasLayers } from '../model/layers.ts';
import type { Panel, View } from '../model/state.ts';
import type { Granularity } from '../model/units.ts';

const UNITS: [Granularity, string][] = [
  ['token', 'Tokens'],
  ['word', 'Words'],
  ['sentence', 'Sentences'],
];

/** What is above the text. */
export function TextTools({ view }: { view: View }) {
  return (
    <div class="tools">
      <Choice name="Units" value={view.granularity} options={UNITS} />
      <Choice
        name="A word of the answer shows"
        value={view.toward}
        options={[
          ['sources', 'Where it came from'],
          ['effects', 'What it led to'],
        ]}
      />
    </div>
  );
}

/** What is above the matrix. */
export function PanelTools({ view }: { view: View }) {
  const { step_scores, convergence_delta } = view.sequence.value;
  const panels: [Panel, string][] = [];
  if (view.matrix.value.rows.length > 0) panels.push(['matrix', 'All scores']);
  if (hasLayers(view.sequence.value)) panels.push(['layers', 'Layers']);
  if (Object.keys(step_scores).length > 0 || convergence_delta !== null) panels.push(['scores', 'Step scores']);
  return (
    <div class="tools">
      <Choice name="Shown below" value={view.panel} options={panels} />
      {view.panel.value !== 'scores' && (
        <details class="tune">
          <summary>Scale and numbers</summary>
          <div class="tune-body">
            <Switch label="Numbers" value={view.numbers} />
            <Switch label="Shares of each column" value={view.shares} />
            <Switch label="Fold faint rows" value={view.fold} />
            <Choice
              name="One scale for"
              value={view.scale}
              options={[
                ['all', 'all columns'],
                ['each', 'each column'],
              ]}
            />
            <label class="slide">
              Intensity
              <input
                type="range"
                min="1"
                max="8"
                step="0.5"
                value={view.boost.value}
                onInput={(event) => {
                  view.boost.value = Number(event.currentTarget.value);
                }}
              />
            </label>
          </div>
        </details>
      )}
    </div>
  );
}

interface ChoiceProps<Value extends string> {
  name: string;
  value: Signal<Value>;
  options: readonly [Value, string][];
}

/** One of a few. */
export function Choice<Value extends string>({ name, value, options }: ChoiceProps<Value>) {
  const id = useId();
  if (options.length < 2) return null;
  return (
    <fieldset class="choice">
      <legend>{name}</legend>
      {options.map(([option, label]) => (
        <label key={option}>
          <input
            type="radio"
            name={id}
            value={option}
            checked={value.value === option}
            onChange={() => {
              value.value = option;
            }}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Switch({ label, value }: { label: string; value: Signal<boolean> }) {
  return (
    <label class="switch">
      <input
        type="checkbox"
        checked={value.value}
        onChange={(event) => {
          value.value = event.currentTarget.checked;
        }}
      />
      {label}
    </label>
  );
}
