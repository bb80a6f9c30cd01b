/** A comparison of methods as CSV (RFC 4180) and as plain text. */

import type { Estimate, EvaluateResult } from '../contract/evaluate.ts';
import { line } from './csv.ts';

const COLUMNS = ['rank', 'method', 'method_args', 'metric', 'better', 'text', 'value', 'random'];

/** One row for each method, metric and text; `text` counts from 0. */
export function* evaluationLines({ ranking }: EvaluateResult): Generator<string> {
  yield line(COLUMNS);
  for (const { rank, method, method_args, metrics, values, random_values } of ranking) {
    for (const [k, { name, better }] of metrics.entries()) {
      for (const [text, value] of values[k].entries()) {
        const random = random_values[k][text];
        yield line([rank, method, JSON.stringify(method_args), name, better, text, value, random]);
      }
    }
  }
}

/** A row for each method: its rank, the mean of each metric with its interval, the random ranking's, seconds and passes. */
export function evaluationText({ ranking, info }: EvaluateResult): string {
  const head = ['', 'method', ...info.metrics.flatMap(({ name }) => [name, 'random']), 'seconds', 'passes'];
  const rows = ranking.map(({ rank, method, metrics, seconds, forward_passes, backward_passes }) => [
    rank === null ? '-' : String(rank),
    method,
    ...metrics.flatMap(({ mean, random }) => [shown(mean), shown(random)]),
    seconds.toFixed(2),
    String(forward_passes + backward_passes),
  ]);
  const better = (ranking[0]?.metrics ?? []).map((metric) => `${metric.name}: ${metric.better} is better`);
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  const texts = info.input_texts.length;
  return `${lines.join('\n')}\n\n${better.join('; ')}. Means of ${texts === 1 ? 'one text' : `${texts} texts, with 95 % intervals`}.\n`;
}

function shown(estimate: Estimate | null): string {
  if (estimate === null) return '-';
  const { mean, low, high } = estimate;
  return low === null || high === null ? mean.toFixed(3) : `${mean.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
