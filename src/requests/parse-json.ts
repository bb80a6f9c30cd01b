/** Strict JSON: duplicate keys are refused, because of two values one would silently be lost, and so are prototypes. */
import { setImmediate } from 'node:timers/promises';
import secureJson from 'secure-json-parse';
import { showName } from '../validation/show.ts';
import { duplicateKey } from './duplicate-keys.ts';

/** A text is not JSON as it is taken here; the message is a sentence for its sender. */
export class BrokenJsonError extends Error {
  override readonly name = 'BrokenJsonError';
}

/**
 * The value of a body's text. Parsing and checking are each one piece of work; others go on between them.
 * @throws BrokenJsonError
 */
export async function parseJson(text: string): Promise<unknown> {
  const value = parse(text);
  await setImmediate();
  const duplicate = duplicateKey(text);
  if (duplicate === null) return value;
  throw new BrokenJsonError(
    `The field "${showName(duplicate.key)}" occurs twice in one object (line ${duplicate.line}): keep one of them.`,
  );
}

function parse(text: string): unknown {
  try {
    return secureJson.parse(text, null, { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    throw new BrokenJsonError(`The body is not valid JSON: ${error instanceof Error ? error.message : error}.`);
  }
}
