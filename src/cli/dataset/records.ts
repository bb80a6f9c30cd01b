/** The records of a data set's file, one by one. */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { CsvError, parse } from 'csv-parse';
import { UnusableError } from '../../unusable.ts';
import type { InputFormat } from './options.ts';

/** Fields by their names. */
export type DataRecord = Record<string, unknown>;

/** @throws {UnusableError} that names the file, the line and what is wrong with it */
export async function* readRecords(file: string, format: InputFormat): AsyncGenerator<DataRecord> {
  try {
    yield* format === 'jsonl' ? jsonLines(file) : table(file, format === 'csv' ? ',' : '\t');
  } catch (error) {
    if (error instanceof CsvError) throw new UnusableError(`${file}: ${error.message}`);
    if (error instanceof Error && 'code' in error && 'syscall' in error) {
      throw new UnusableError(error.code === 'ENOENT' ? `${file}: there is no such file` : `${file}: ${error.message}`);
    }
    throw error;
  }
}

async function* jsonLines(file: string): AsyncGenerator<DataRecord> {
  const input = createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const failed = new Promise<never>((_, reject) => input.once('error', reject)); // readline does not tell of it
  failed.catch(() => {});
  const texts = lines[Symbol.asyncIterator]();
  for (let number = 1; ; number++) {
    const next = await Promise.race([texts.next(), failed]);
    if (next.done) return;
    if (next.value.trim() !== '') yield object(next.value, `${file}, line ${number}`);
  }
}

function object(text: string, where: string): DataRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UnusableError(`${where} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new UnusableError(`${where} is not a JSON object`);
}

/** Tables have their names in the first line. */
async function* table(file: string, delimiter: string): AsyncGenerator<DataRecord> {
  const parser = parse({ columns: true, bom: true, delimiter, skip_empty_lines: true });
  const input = createReadStream(file);
  input.once('error', (error) => parser.destroy(error));
  for await (const record of input.pipe(parser)) yield record;
}
