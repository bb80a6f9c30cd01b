/** What `whence attribute-dataset` is told on its command line. */

import { extname } from 'node:path';
import { parseArgs } from 'node:util';
import { UnusableError } from '../../unusable.ts';
import { HELP } from '../help.ts';

/** How the file that is read is written. */
export type InputFormat = 'jsonl' | 'csv' | 'tsv';
/** Forms of the results, as the API names them. */
type OutputFormat = 'ndjson' | 'csv' | 'inseq';

export interface DatasetOptions {
  file: string;
  inputFormat: InputFormat;
  output: string;
  outputFormat: OutputFormat;
  /** Of the service, without a slash at its end. */
  url: string;
  apiKey: string | null;
  /** Names of fields of the records; null: none. */
  fields: { input: string | null; messages: string | null; generated: string | null; id: string | null };
  /** What all lines share. */
  body: Record<string, unknown>;
  overwrite: boolean;
}

const OPTIONS = {
  model: { type: 'string' },
  method: { type: 'string' },
  'attributed-fn': { type: 'string' },
  'step-scores': { type: 'string' },
  body: { type: 'string' },
  'input-field': { type: 'string' },
  'messages-field': { type: 'string' },
  'generated-field': { type: 'string' },
  'id-field': { type: 'string' },
  output: { type: 'string' },
  overwrite: { type: 'boolean' },
  url: { type: 'string' },
  'api-key': { type: 'string' },
} as const;

const INPUTS: Record<string, InputFormat> = { '.jsonl': 'jsonl', '.ndjson': 'jsonl', '.csv': 'csv', '.tsv': 'tsv' };
const OUTPUTS: Record<string, OutputFormat> = {
  '.jsonl': 'ndjson',
  '.ndjson': 'ndjson',
  '.csv': 'csv',
  '.json': 'inseq',
};

/**
 * @param fallback - where the service is and the key that it takes, if the command line does not say
 * @throws {UnusableError} with what is missing or wrong
 */
export function readOptions(args: string[], fallback: { url: string; apiKey: string | null }): DatasetOptions {
  const { values, positionals } = parsed(args);
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw usage('give one FILE');
  const { output, model } = values;
  if (model === undefined) throw usage('--model is missing: GET /models of the service lists them');
  if (output === undefined) throw usage('--output is missing');
  const input = values['input-field'] ?? null;
  const messages = values['messages-field'] ?? null;
  if (input !== null && messages !== null) throw usage('give either --input-field or --messages-field');
  const { method, 'attributed-fn': attributedFn, 'step-scores': stepScores } = values;
  return {
    file,
    inputFormat: byExtension(file, INPUTS),
    output,
    outputFormat: byExtension(output, OUTPUTS),
    url: serviceUrl(values.url ?? fallback.url),
    apiKey: values['api-key'] ?? fallback.apiKey,
    fields: { input, messages, generated: values['generated-field'] ?? null, id: values['id-field'] ?? null },
    body: {
      ...bodyOf(values.body),
      model,
      ...(method !== undefined && { method }),
      ...(attributedFn !== undefined && { attributed_fn: attributedFn }),
      ...(stepScores !== undefined && { step_scores: stepScores.split(',').map((name) => name.trim()) }),
    },
    overwrite: values.overwrite ?? false,
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function usage(what: string): UnusableError {
  return new UnusableError(`${what}\n\n${HELP['attribute-dataset']}`);
}

function byExtension<Format>(file: string, formats: Record<string, Format>): Format {
  const format = formats[extname(file).toLowerCase()];
  if (format !== undefined) return format;
  throw new UnusableError(`"${file}": the name must end in one of ${Object.keys(formats).join(', ')}`);
}

function serviceUrl(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text.replace(/\/+$/, '');
  throw new UnusableError(`--url is "${text}": give an address such as http://127.0.0.1:3000`);
}

function bodyOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  const remedy = `give an object of fields of POST /attribute, such as --body '{"generation_args": {"max_new_tokens": 5}}'`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UnusableError(`--body is not JSON (${error instanceof Error ? error.message : error}): ${remedy}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new UnusableError(`--body is ${text.slice(0, 80)}: ${remedy}`);
}
