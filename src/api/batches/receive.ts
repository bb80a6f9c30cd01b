/** Lines of a batch as they arrive: each is looked at as far as the whole needs it, and handed on as it is. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Upload } from '../../batches/batches.ts';
import { AttributeContextBody } from '../../contract/attribute-context-request.ts';
import { AttributeBody } from '../../contract/attribute-request.ts';
import type { Batch } from '../../contract/batch.ts';
import type { Catalogue } from '../../contract/catalogue.ts';
import { LIMITS } from '../../contract/limits.ts';
import { bodyHints } from '../../requests/hints.ts';
import { parseJson } from '../../requests/parse-json.ts';
import { JsonStructure } from '../../requests/structure.ts';
import { compileJson } from '../../validation/ajv.ts';
import { explain } from '../../validation/explain.ts';
import { show, showName } from '../../validation/show.ts';
import type { ApiKey } from '../access/keys.ts';
import { requirePriority } from '../access/scopes.ts';
import { type BodyLine, bodyLines, drain } from '../body/lines.ts';
import { ApiProblem, validationProblem } from '../problems.ts';

/** What `defaults` may hold: any fields of the bodies of both kinds of lines. */
const followsDefaults = compileJson({
  ...AttributeBody,
  $id: 'BatchDefaults',
  properties: { ...AttributeContextBody.properties, ...AttributeBody.properties },
  required: [],
});

/** Lines that are longer are looked at as a whole before they are parsed. */
const SHORT_CHARACTERS = 32 * 1024;

/**
 * Reads a body and commits its lines.
 * @param catalogue - for hints; null where no worker has registered yet
 * @param key - that is shown with it; null: the service asks for none
 * @throws ApiProblem where the body is no newline-delimited JSON, breaks a limit, or names a line twice; where the key may
 * not ask for the priority of a line
 */
export async function receiveBatch(
  stream: Readable,
  upload: Upload,
  { catalogue, key }: { catalogue: Catalogue | null; key: ApiKey | null },
): Promise<{ batch: Batch; created: boolean }> {
  const names = new Names();
  let defaults: Record<string, unknown> | null = null;
  let total = 0;
  try {
    for await (const line of bodyLines(stream)) {
      if (line.text.trim() === '') continue;
      const value = parse(line);
      if (total === 0 && defaults === null && isDefaults(value)) {
        defaults = await readDefaults(line, catalogue);
        requirePriority(key, defaults.priority, '#/defaults/priority');
        continue;
      }
      if (++total > LIMITS.batchLines) throw tooMany();
      if (isObject(value.body)) requirePriority(key, value.body.priority, `line ${line.number}, #/body/priority`);
      if (typeof value.custom_id === 'string') names.add(value.custom_id, line.number);
      await upload.add(line.text);
    }
    if (total === 0)
      throw notLines('The body has no lines: send one request a line, such as {"custom_id": "1", "body": …}.');
    return await upload.commit(defaults ?? {});
  } catch (error) {
    await upload.abort();
    await drain(stream);
    throw error;
  }
}

/** The object of a line. */
function parse({ number, text }: BodyLine): Record<string, unknown> {
  if (text.length > SHORT_CHARACTERS) checkStructure(number, text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notLines(`Line ${number} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
  if (isObject(value)) return value;
  throw notLines(
    `Line ${number} is not a JSON object, got ${show(value)}: send {"custom_id": …, "body": …} in each line.`,
  );
}

function checkStructure(number: number, text: string): void {
  const structure = new JsonStructure();
  structure.push(Buffer.from(text));
  if (structure.count <= LIMITS.bodyValues && structure.deepest <= LIMITS.bodyDepth) return;
  const limits = `${LIMITS.bodyValues} values and keys, nested ${LIMITS.bodyDepth} levels deep`;
  const detail = `Line ${number} holds more than a request may, ${limits}: split it.`;
  throw new ApiProblem('body-too-complex', 'Body too complex', 413, detail);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isDefaults = (value: Record<string, unknown>): boolean => 'defaults' in value && !('custom_id' in value);

async function readDefaults({ text }: BodyLine, catalogue: Catalogue | null): Promise<Record<string, unknown>> {
  const line = await parseJson(text);
  const { defaults, ...others } = isObject(line) ? line : {};
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    const detail = 'stands beside `defaults` in the first line, where nothing else may: put it into `defaults`.';
    throw validationProblem([{ pointer: `#/${showName(unknown)}`, detail }]);
  }
  const complete = structuredClone(defaults); // the schema's own defaults are filled in where they are missing
  if (!isObject(defaults) || !followsDefaults(complete)) {
    throw validationProblem(
      isObject(defaults)
        ? explain(followsDefaults.errors ?? [], '#/defaults', bodyHints(catalogue))
        : [
            {
              pointer: '#/defaults',
              detail: `must be an object of fields that all lines share, got ${show(defaults)}.`,
            },
          ],
    );
  }
  return defaults;
}

/** Longer names are told apart by their hashes. */
const NAME_CHARACTERS = 32;

const hashOf = (name: string): string => createHash('sha256').update(name).digest('base64');

/** Finds names that occur twice: in a few bytes each, however long they are. */
class Names {
  readonly #seen = new Map<string, number>();

  /** @throws ApiProblem 422 */
  add(name: string, line: number): void {
    const short = name.length <= NAME_CHARACTERS ? name : hashOf(name);
    const before = this.#seen.get(short);
    if (before !== undefined) {
      const detail = `the custom_id ${show(name)} is that of line ${before} and of line ${line}: give each line its own.`;
      throw validationProblem([{ pointer: '#/custom_id', detail }]);
    }
    this.#seen.set(short, line);
  }
}

function tooMany(): ApiProblem {
  const detail = `The body has more than ${LIMITS.batchLines} lines: split it into several batches.`;
  return new ApiProblem('body-too-large', 'Body too large', 413, detail);
}

function notLines(detail: string): ApiProblem {
  return new ApiProblem('broken-ndjson', 'The body is not newline-delimited JSON', 400, detail);
}
