/** What became of a batch's lines, in the forms that a client can have it: made piece by piece, as fast as they are taken. */
import type { LineOutcome } from '../../batches/batches.ts';
import type { AttributionKind } from '../../contract/job-kinds.ts';
import { contextDatasetEnd, contextDatasetHeader } from '../../results/context-csv.ts';
import { datasetEnd, datasetHeader } from '../../results/csv.ts';
import { inseqDataset } from '../../results/inseq-dataset.ts';
import { isNothing, unpackedPieces } from '../results/packed.ts';
import type { Renderer } from '../results/renderer.ts';

type Pieces = AsyncGenerator<string | Buffer>;

/** One JSON object a line; results are sent as they are stored, and never parsed. */
export async function* asLines(outcomes: AsyncIterable<LineOutcome>): Pieces {
  for await (const outcome of outcomes) {
    const { customId: custom_id, status } = outcome;
    const isCached = outcome.status === 'succeeded' && outcome.cached;
    const head = JSON.stringify({ custom_id, status, ...(isCached && { cached: true }) });
    if (outcome.status === 'succeeded') {
      yield `${head.slice(0, -1)},"result":`;
      yield* unpackedPieces(outcome.packed);
      yield '}\n';
    } else {
      yield outcome.status === 'failed'
        ? `${JSON.stringify({ custom_id, status, error: outcome.error })}\n`
        : `${head}\n`;
    }
  }
}

/** Both kinds of lines have columns of their own. */
const TABLES = {
  attribute: { header: datasetHeader, end: datasetEnd },
  'attribute-context': { header: contextDatasetHeader, end: contextDatasetEnd },
};

/** One CSV of all lines, in the columns of the first one's kind; lines of the other kind are told as errors. */
export async function* asCsv(outcomes: AsyncIterable<LineOutcome>, renderer: Renderer): Pieces {
  let columns: AttributionKind | null = null;
  for await (const outcome of outcomes) {
    if (columns === null) yield TABLES[outcome.kind].header();
    columns ??= outcome.kind;
    const { customId, kind } = outcome;
    const { end } = TABLES[columns];
    if (outcome.status === 'canceled') yield end(customId, 'canceled', null);
    else if (outcome.status === 'failed') yield end(customId, 'error', outcome.error);
    else if (kind !== columns) yield end(customId, 'error', otherColumns(kind));
    else {
      const rendered = await renderer.render(outcome.packed, { format: 'csv', width: null, lineOf: { customId } });
      if (typeof rendered === 'string') yield rendered;
      else yield* rendered;
    }
  }
  if (columns === null) yield datasetHeader();
}

function otherColumns(kind: AttributionKind) {
  const message = `Results of /${kind} have other columns than the first line's: read them by format=ndjson, or send a batch of one kind.`;
  return { code: 'other_columns', message };
}

/** One file of Inseq's of the lines of `/attribute` that succeeded. @param outcomes - gives them again each time, in Inseq's form */
export function asInseq(outcomes: () => AsyncIterable<LineOutcome>): Pieces {
  return inseqDataset(async function* () {
    for await (const outcome of outcomes()) {
      if (outcome.status !== 'succeeded' || outcome.kind !== 'attribute') continue;
      if (!(await isNothing(outcome.packed))) yield unpackedPieces(outcome.packed);
    }
  });
}
