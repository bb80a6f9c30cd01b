/** What a reader can switch: units, direction, scale, what is shown below the text. */

import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
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
      <Choice name="Units" options={UNITS} {...bound(view.granularity)} />
      <Choice
        name="A word of the answer shows"
        options={[
          ['sources', 'Where it came from'],
          ['effects', 'What it led to'],
        ]}
        {...bound(view.toward)}
      />
    </div>
  );
}

const PANEL_NAMES: Record<Panel, string> = { matrix: 'All scores', layers: 'Layers', scores: 'Step scores' };

/** What is above the matrix. @param panels - those that there are */
export function PanelTools({ view, panels }: { view: View; panels: readonly Panel[] }) {
  return (
    <div class="tools">
      <Choice name="Shown below" options={panels.map((panel) => [panel, PANEL_NAMES[panel]])} {...bound(view.panel)} />
      {view.panel.value !== 'scores' && (
        <details class="tune">
          <summary>Scale and numbers</summary>
          <div class="tune-body">
            <Switch label="Numbers" value={view.numbers} />
            <Switch label="Shares of each column" value={view.shares} />
            <Switch label="Fold faint rows" value={view.fold} />
            <Choice
              name="One scale for"
              options={[
                ['all', 'all columns'],
                ['each', 'each column'],
              ]}
              {...bound(view.scale)}
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
  value: Value;
  options: readonly [Value, string][];
  onChoose(value: Value): void;
}

/** A choice that is a signal's value. */
export function bound<Value extends string>(value: Signal<Value>): Pick<ChoiceProps<Value>, 'value' | 'onChoose'> {
  return {
    value: value.value,
    onChoose: (chosen) => {
      value.value = chosen;
    },
  };
}

/** One of a few. */
export function Choice<Value extends string>({ name, value, options, onChoose }: ChoiceProps<Value>) {
  const id = useId();
  if (options.length < 2) return null;
  return (
    <fieldset class="choice">
      <legend>{name}</legend>
      {options.map(([option, label]) => (
        <label key={option}>
          <input type="radio" name={id} value={option} checked={value === option} onChange={() => onChoose(option)} />
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
