/** Step scores under the tokens that they belong to: a plot of bars for each score. */

import type { ResultSequence } from '../../contract/result.ts';
import { formatAlone, scaleOf } from '../model/scale.ts';
import type { View } from '../model/state.ts';
import { unitsOf } from '../model/units.ts';

/** Pixels of a bar and of the plot's height. */
const BAR = 34;
const NARROW_BAR = 10;
const HEIGHT = 72;
/** Tokens up to which they are written under the bars. */
const NAMED = 80;

export function ScoresPanel({ view, sequence }: { view: View; sequence: ResultSequence }) {
  const { step_scores, convergence_delta, attr_pos_start: start, attr_pos_end: end } = sequence;
  const scores = Object.entries(step_scores);
  if (convergence_delta !== null) scores.push(['convergence_delta', convergence_delta]);
  if (scores.length === 0) return null;
  const texts = new Map(unitsOf(sequence, 'token').target.map(({ from, text }) => [from, text]));
  const tokens = Array.from({ length: end - start }, (_, step) => texts.get(start + step) ?? '');
  const chosen = view.focus.value.column === null ? null : view.matrix.value.columns[view.focus.value.column];
  const on = (step: number) => chosen !== null && chosen.from <= start + step && start + step < chosen.to;
  return (
    <div class="panel-body plots">
      {scores.map(([name, values]) => (
        <Plot key={name} name={name} values={values} tokens={tokens} on={on} />
      ))}
    </div>
  );
}

interface PlotProps {
  name: string;
  values: (number | null)[];
  tokens: string[];
  on(step: number): boolean;
}

function Plot({ name, values, tokens, on }: PlotProps) {
  const { max, signed } = scaleOf(values);
  const isNamed = tokens.length <= NAMED;
  const step = isNamed ? BAR : NARROW_BAR;
  const base = signed ? HEIGHT / 2 : HEIGHT;
  const height = (value: number) => (max === 0 ? 0 : (Math.abs(value) / max) * (base - 2));
  const title = name.replaceAll('_', ' ');
  return (
    <figure class="plot">
      <figcaption>
        <span class="label">{title}</span> <span class="muted">up to {formatAlone(max)}</span>
      </figcaption>
      <section class="plot-frame" aria-label={`${title} of each token`} tabIndex={0}>
        <table class="plot-table">
          <caption>{title}</caption>
          <tbody>
            <tr>
              {tokens.map((token, i) => {
                const value = values[i] ?? null;
                const size = value === null ? 0 : height(value);
                return (
                  <td
                    key={i}
                    class={on(i) ? 'on' : ''}
                    title={value === null ? token : `${token}: ${formatAlone(value)}`}
                  >
                    <svg width={step} height={HEIGHT} aria-hidden="true">
                      <rect
                        x={step * 0.2}
                        width={step * 0.6}
                        y={value !== null && value < 0 ? base : base - size}
                        height={Math.max(size, 1)}
                        rx="2"
                      />
                    </svg>
                    <bdi class={isNamed ? 'plot-token' : 'hidden'}>{token}</bdi>
                    <span class={isNamed ? 'plot-value' : 'hidden'}>{value === null ? '–' : formatAlone(value)}</span>
                  </td>
                );
              })}
            </tr>
          </tbody>
        </table>
      </section>
    </figure>
  );
}
