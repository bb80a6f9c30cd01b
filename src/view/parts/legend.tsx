/** The scale of colors between its ends. */

import { scaleOfMatrix } from '../model/matrix.ts';
import { colorClass, formatNumber, LEVELS, unitText } from '../model/scale.ts';
import type { View } from '../model/state.ts';

const STRIP = 20;

export function Legend({ view }: { view: View }) {
  const scale = scaleOfMatrix(view.shownMatrix.value);
  const each = view.scale.value === 'each';
  const max = view.maxima.value[0] ?? 0;
  const end = each
    ? 'strongest of each column'
    : `${formatNumber(max, scale)}${unitText(scale)}${max < scale.max ? ' and more' : ''}`;
  const start = scale.signed ? (each ? 'strongest against' : `−${end}`) : '0';
  return (
    <figure class="legend">
      <span>{start}</span>
      <ColorStrip signed={scale.signed} label={`Color scale from ${start} to ${end}`} />
      <span>{end}</span>
      {scale.exponent !== 0 && <span>cells in {unitText(scale).slice(1)}</span>}
    </figure>
  );
}

function ColorStrip({ signed, label }: { signed: boolean; label: string }) {
  const from = signed ? -STRIP : 0;
  const steps = Array.from({ length: STRIP - from + 1 }, (_, i) => from + i);
  return (
    <span class="strip" role="img" aria-label={label}>
      {steps.map((step) => (
        <i key={step} class={colorClass(step * (LEVELS / STRIP), LEVELS)} />
      ))}
    </span>
  );
}
