/** From records to the lines of a batch. */

import { UnusableError } from '../../unusable.ts';
import type { DatasetOptions } from './options.ts';
import type { DataRecord } from './records.ts';

/** The body of `POST /batches`, line by line. @throws {UnusableError} where a record lacks a field */
export async function* batchLines(
  records: AsyncIterable<DataRecord>,
  { fields, body }: Pick<DatasetOptions, 'fields' | 'body'>,
): AsyncGenerator<string> {
  yield line({ defaults: body });
  let number = 0;
  for await (const record of records) {
    number += 1;
    if (number === 1) checkFields(record, fields);
    const text = (name: string): string => textOf(record, name, number);
    const { input, messages, generated, id } = fields;
    yield line({
      custom_id: id === null ? String(number) : text(id),
      body: {
        ...(input !== null && { input_texts: text(input) }),
        ...(messages !== null && { messages: record[messages] }),
        ...(generated !== null && { generated_texts: text(generated) }),
      },
    });
  }
  if (number === 0) throw new UnusableError('the file has no records');
}

const line = (value: object): string => `${JSON.stringify(value)}\n`;

function checkFields(record: DataRecord, fields: DatasetOptions['fields']): void {
  const known = Object.keys(record).join(', ');
  if (fields.input === null && fields.messages === null) {
    throw new UnusableError(`--input-field is missing: the first record has the fields ${known}`);
  }
  for (const name of Object.values(fields)) {
    if (name !== null && !(name in record))
      throw new UnusableError(`no field "${name}": the first record has ${known}`);
  }
}

function textOf(record: DataRecord, name: string, number: number): string {
  const value = record[name];
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new UnusableError(
    `record ${number}: the field "${name}" must be a text, got ${JSON.stringify(value)?.slice(0, 80)}`,
  );
}
