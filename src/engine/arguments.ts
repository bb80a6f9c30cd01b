/** Arguments of methods and step functions, complete: those of a request that the API has checked stay as they are. */

import { AttributionError } from '../attribution/errors.ts';
import { checkArguments } from '../validation/arguments.ts';

/** Arguments with their defaults. @throws {AttributionError} naming the first that does not fit */
export function completed(schema: object, args: Record<string, unknown>, pointer: string): Record<string, unknown> {
  const { args: complete, errors } = checkArguments(schema, args, pointer);
  if (errors.length > 0) throw new AttributionError('invalid_args', errors[0].detail, errors[0].pointer);
  return complete;
}
