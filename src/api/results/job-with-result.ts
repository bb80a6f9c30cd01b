/** A finished job together with its result, as JSON: the result is sent as it is stored, and never parsed. */
import { Readable } from 'node:stream';
import type { Job } from '../../contract/job.ts';
import { type Packed, unpackedStream } from './packed.ts';

/** JSON of `job` with its `result`; null where it has none. */
export function jobWithResult(job: Job, packed: Packed | null): Readable {
  const head = JSON.stringify(job).slice(0, -1); // without the closing brace
  return Readable.from(parts(head, packed), { objectMode: false });
}

async function* parts(head: string, packed: Packed | null): AsyncGenerator<string | Buffer> {
  yield `${head},"result":`;
  if (packed === null) yield 'null';
  else yield* unpackedStream(packed);
  yield '}';
}
