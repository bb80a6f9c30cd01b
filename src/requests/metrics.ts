/** Faithfulness metrics: do they exist, can their numbers be computed, and are they not too many copies? */
import type { AttributeBody, CompleteCall } from '../contract/attribute-request.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import { copiesOfMetric, DEFAULT_METRICS } from '../contract/faithfulness.ts';
import { LIMITS } from '../contract/limits.ts';
import { checkMetric } from './calls.ts';
import type { Issues } from './issues.ts';

/** The metrics that a body asks for, complete. */
export function checkMetrics(
  { metrics: asked, aggregators = [] }: Pick<AttributeBody, 'metrics'> & Partial<Pick<AttributeBody, 'aggregators'>>,
  catalogue: Catalogue,
  issues: Issues,
): CompleteCall[] {
  const wire = asked === true ? [...DEFAULT_METRICS] : asked || [];
  const calls = wire
    .map((call, index) => checkMetric(call, asked === true ? '#/metrics' : `#/metrics/${index}`, catalogue, issues))
    .filter((call) => call !== null);
  const copies = calls.map(copiesOfMetric);
  const total = copies.reduce((sum, count) => sum + count, 0);
  if (total > LIMITS.metricCopies) {
    const each = calls.map(({ name }, k) => `${copies[k]} for ${name}`).join(', ');
    issues.add(
      '#/metrics',
      `would run ${total} changed copies of each text (${each}), and ${LIMITS.metricCopies} are the most: ask for ` +
        'fewer `fractions`, `points` or `samples`.',
    );
  }
  if (calls.length > 0 && aggregators.some((call) => (typeof call === 'string' ? call : call.name) === 'pair')) {
    issues.add(
      '#/metrics',
      'rank each text by its own scores, and the aggregator "pair" makes them those of two texts: leave one of the two out.',
    );
  }
  return calls;
}
