import fs from 'node:fs';
import { CheckpointError } from './errors.ts';

/** Larger than any real tokenizer.json (the largest have about 40 MB). */
const MAX_JSON_BYTES = 200_000_000;

/** Parses a JSON file that must hold an object. @throws CheckpointError naming the file */
export function readJsonObject(file: string): Record<string, unknown> {
  const value = parse(file);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CheckpointError(file, 'must hold a JSON object');
  }
  return Object.fromEntries(Object.entries(value));
}

/** As `readJsonObject`, or null where there is no such file. */
export function readOptionalJsonObject(file: string): Record<string, unknown> | null {
  return fs.existsSync(file) ? readJsonObject(file) : null;
}

function parse(file: string): unknown {
  if (!fs.existsSync(file)) throw new CheckpointError(file, 'there is no such file');
  const { size } = fs.statSync(file);
  if (size > MAX_JSON_BYTES) throw new CheckpointError(file, `has ${size} bytes, the limit is ${MAX_JSON_BYTES}`);
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CheckpointError(file, `is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}
