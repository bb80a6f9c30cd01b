/** How far to trust the scores: each metric beside what a random ranking gives, curves as plots. */

import type { SequenceMetrics } from '../../contract/faithfulness.ts';
import { wordsOf } from '../model/facts.ts';
import { formatAlone } from '../model/scale.ts';

type Metric = SequenceMetrics['values'][number];

export function Trust({ metrics }: { metrics: SequenceMetrics }) {
  const { values, unchanged, units } = metrics;
  return (
    <section class="trust">
      <h3 class="label">How far to trust it</h3>
      <table>
        <caption>Metrics of the ranking beside those of a random one</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">ranking</th>
            <th scope="col">random</th>
          </tr>
        </thead>
        <tbody>
          {values.map((metric, i) => (
            <tr key={i} class={verdictOf(metric)}>
              <th scope="row">
                {wordsOf(metric.name)} <span class="muted">{metric.better} is better</span>
                <span class="hidden">: {SAID[verdictOf(metric)]}</span>
              </th>
              <td>{written(metric.value)}</td>
              <td>{written(metric.random)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {values.map((metric, i) => (isCurve(metric) ? <Curve key={i} metric={metric} units={units} /> : null))}
      <p class="note">
        {unchanged !== null && `Score of the text as it is: ${formatAlone(unchanged)}. `}
        {units === 1 ? 'One unit was' : `${units} units were`} ranked. <span class="mark beats" aria-hidden="true" />{' '}
        beats a random ranking.
      </p>
    </section>
  );
}

type Verdict = 'beats' | 'fails' | 'unknown';
const SAID: Record<Verdict, string> = {
  beats: 'beats a random ranking',
  fails: 'does not beat a random ranking',
  unknown: 'not defined here',
};

/** A number that does not beat its random twin says that the scores found nothing. */
function verdictOf({ value, random, better }: Metric): Verdict {
  if (value === null || random === null) return 'unknown';
  return (better === 'higher' ? value > random : value < random) ? 'beats' : 'fails';
}

const written = (value: number | null): string => (value === null ? '–' : formatAlone(value));

const isCurve = ({ points }: Metric): boolean =>
  points !== undefined && points.filter(({ value }) => value !== null).length > 1;

const WIDTH = 200;
const HEIGHT = 64;

/** Units across, from none to all; the ranking is drawn through, the random one is dashed. */
function Curve({ metric: { name, points = [] }, units }: { metric: Metric; units: number }) {
  const values = points.flatMap(({ value, random }) => [value, random]).filter((one) => one !== null);
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  const y = (value: number) => (most === least ? HEIGHT : HEIGHT - ((value - least) / (most - least)) * HEIGHT);
  const line = (of: 'value' | 'random') =>
    points
      .flatMap((point) => {
        const value = point[of];
        return value === null
          ? []
          : [`${((point.units / Math.max(1, units)) * WIDTH).toFixed(1)},${y(value).toFixed(1)}`];
      })
      .join(' ');
  return (
    <figure class="curve">
      <svg
        viewBox={`-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`}
        role="img"
        aria-label={`${wordsOf(name)} by the number of units`}
      >
        <line x1="0" x2={WIDTH} y1={y(0)} y2={y(0)} />
        <polyline class="random" points={line('random')} />
        <polyline points={line('value')} />
      </svg>
      <figcaption class="muted">{wordsOf(name)}: from none to all units; dashed: random</figcaption>
    </figure>
  );
}
