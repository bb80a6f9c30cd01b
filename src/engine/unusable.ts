/** Whose fault it is that a model cannot be loaded: the checkpoint's, or that of this process and machine. */

import path from 'node:path';
import { CheckpointError } from '../checkpoints/errors.ts';
import { TokenizerError } from '../tokenizers/errors.ts';

/** What TensorFlow says tells nobody what is wrong with a checkpoint; a lack of memory is said like that, too. */
const TENSORFLOW = /TF_Status|OOM|RESOURCE_EXHAUSTED/;

/**
 * What is wrong with a checkpoint, for those who ask for its model: the sentence of the error that loading it threw,
 * without the folders of this machine. Null where another attempt may succeed (a lack of memory) or where this code is
 * at fault.
 * @param dir - the checkpoint's directory; null where it was not found
 */
export function faultOfCheckpoint(error: unknown, dir: string | null): string | null {
  if (!(error instanceof Error) || !isTold(error)) return null;
  return dir === null
    ? error.message
    : error.message.replaceAll(`${dir}${path.sep}`, '').replaceAll(dir, path.basename(dir));
}

/** Families say what they find wrong in plain errors. A TypeError is a bug; errors with a code are the system's. */
function isTold(error: Error): boolean {
  if (error instanceof CheckpointError || error instanceof TokenizerError) return true;
  return error.constructor === Error && !('code' in error) && !TENSORFLOW.test(error.message);
}
