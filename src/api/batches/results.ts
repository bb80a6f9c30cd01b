/** What became of a batch's lines, in the forms that a client can have it: made piece by piece, as fast as they are taken. */
import type { LineOutcome } from '../../batches/batches.ts';
import { datasetEnd, datasetHeader } from '../../results/csv.ts';
import { inseqDataset } from '../../results/inseq-dataset.ts';
import { unpackedPieces } from '../results/packed.ts';
import type { Renderer } from '../results/renderer.ts';

type Pieces = AsyncGenerator<string | Buffer>;

/** One JSON object a line; results are sent as they are stored, and never parsed. */
export async function* asLines(outcomes: AsyncIterable<LineOutcome>): Pieces {
  for await (const outcome of outcomes) {
    const { customId: custom_id, status } = outcome;
    const head = JSON.stringify({ custom_id, status });
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

/** One CSV of all lines. */
export async function* asCsv(outcomes: AsyncIterable<LineOutcome>, renderer: Renderer): Pieces {
  yield datasetHeader();
  for await (const outcome of outcomes) {
    const { customId } = outcome;
    if (outcome.status === 'canceled') yield datasetEnd(customId, 'canceled', null);
    else if (outcome.status === 'failed') yield datasetEnd(customId, 'error', outcome.error);
    else {
      const rendered = await renderer.render(outcome.packed, { format: 'csv', width: null, lineOf: { customId } });
      if (typeof rendered === 'string') yield rendered;
      else yield* rendered;
    }
  }
}

/** One file of Inseq's of the lines that succeeded. @param outcomes - gives them again each time, in Inseq's form */
export function asInseq(outcomes: () => AsyncIterable<LineOutcome>): Pieces {
  return inseqDataset(async function* () {
    for await (const outcome of outcomes()) if (outcome.status === 'succeeded') yield unpackedPieces(outcome.packed);
  });
}
