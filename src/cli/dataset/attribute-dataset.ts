/** `whence attribute-dataset`: a file of records in, their attributions out, by one batch of a running service. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '../../contract/batch.ts';
import { UnusableError } from '../../unusable.ts';
import { Client, UnknownError } from './client.ts';
import { batchLines } from './lines.ts';
import { type DatasetOptions, readOptions } from './options.ts';
import {
  fingerprint,
  finishWhole,
  makeRoom,
  openLines,
  openWhole,
  type RunState,
  readState,
  removeState,
  writeState,
} from './output.ts';
import { ProgressBar } from './progress-bar.ts';
import { readRecords } from './records.ts';

const LOOK_MS = 500;
/** Exit code of what Ctrl-C has ended. */
const INTERRUPTED = 130;

/**
 * Runs the command; where an earlier run of the same was interrupted, goes on with it.
 * @param fallback - where the service is, and its key, if the command line does not say
 * @throws {UnusableError} with what a person must do
 */
export async function attributeDataset(
  args: string[],
  fallback: { url: string; apiKey: string | null },
): Promise<void> {
  const options = readOptions(args, fallback);
  const { output, outputFormat } = options;
  const state = await begin(options);
  const client = new Client({ url: state.url, apiKey: options.apiKey });
  process.once('SIGINT', () => {
    process.stderr.write('\nStopped. The batch goes on; run the same command again to go on with it.\n');
    process.exit(INTERRUPTED);
  });
  const batch = await accepted(client, options, state);
  const inLines = outputFormat === 'ndjson';
  const results = client.results(batch.id, outputFormat, () => (inLines ? openLines(output) : openWhole(output)));
  const ended = await followed(client, batch, results);
  if (inLines) await checkWhole(output, ended);
  else await finishWhole(output);
  await removeState(output);
  report(ended, output);
}

/** The state of the run that is to be continued, or of a new one. */
async function begin(options: DatasetOptions): Promise<RunState> {
  const { output, overwrite, url } = options;
  const run = await fingerprint(options);
  const known = overwrite ? null : await readState(output, run);
  if (known !== null) return known;
  await makeRoom(output, overwrite);
  const state: RunState = { url, idempotency_key: randomUUID(), batch: null, run };
  await writeState(output, state);
  return state;
}

/** The batch of the run: sent now, unless it was before. */
async function accepted(client: Client, options: DatasetOptions, state: RunState): Promise<Batch> {
  try {
    if (state.batch === null) {
      process.stderr.write(`Sending ${options.file} to ${state.url}\n`);
      const lines = () => batchLines(readRecords(options.file, options.inputFormat), options);
      const batch = await client.createBatch(lines, state.idempotency_key);
      await writeState(options.output, { ...state, batch: batch.id });
      return batch;
    }
    process.stderr.write(`Going on with batch ${state.batch} at ${state.url}\n`);
    return await client.batch(state.batch);
  } catch (error) {
    if (error instanceof UnknownError && state.batch !== null) {
      throw new UnusableError(`${error.message}\nGive --overwrite to begin anew.`);
    }
    // Nothing was accepted, so there is nothing to go on with.
    if (error instanceof UnusableError && state.batch === null) await removeState(options.output);
    throw error;
  }
}

/** Shows how far the batch is until its results are there; how it ended. */
async function followed(client: Client, first: Batch, results: Promise<void>): Promise<Batch> {
  const bar = new ProgressBar();
  const over = new AbortController();
  const watching = results.finally(() => over.abort());
  const show = async (): Promise<void> => {
    for (bar.show(first); !over.signal.aborted; ) {
      await sleep(LOOK_MS, null, { signal: over.signal }).catch(() => {});
      if (!over.signal.aborted) bar.show(await client.batch(first.id));
    }
  };
  await Promise.all([watching, show()]).finally(() => bar.end());
  return client.batch(first.id);
}

async function checkWhole(output: string, { counts }: Batch): Promise<void> {
  const file = await openLines(output);
  await file.close();
  if (file.lines === counts.total) return;
  throw new UnusableError(`${output} has ${file.lines} of ${counts.total} lines. Run the same command again to go on.`);
}

function report({ counts }: Batch, output: string): void {
  const others = (['failed', 'canceled'] as const).flatMap((name) =>
    counts[name] > 0 ? `${counts[name]} ${name}` : [],
  );
  console.log([`${counts.succeeded} of ${counts.total} lines succeeded`, ...others, `results in ${output}`].join(', '));
  if (counts.succeeded === 0) process.exitCode = 1;
}
