/** Bounds the time of synchronous work, regular expressions that backtrack included. */

import vm from 'node:vm';
import { TokenizerLimitError } from './errors.ts';

/** Far more than tokenizing the longest text that a request may have takes. */
const TIME_LIMIT_SECONDS = 10;

const slot = vm.createContext({ work: (): void => {} });
const call = new vm.Script('work()');
let isTimed = false;

/**
 * Runs `work` and returns what it returns. V8 stops it when the time is over, in the middle of a regular expression
 * too; `finally` blocks do not run then, so `work` must leave nothing half changed.
 * @param what - names the work in the message: "tokenizing 40 characters"
 * @throws TokenizerLimitError when the time is over
 */
export function withTimeLimit<T>(what: () => string, work: () => T, seconds = TIME_LIMIT_SECONDS): T {
  if (isTimed) return work();
  let result: { value: T } | null = null;
  slot.work = () => {
    result = { value: work() };
  };
  isTimed = true;
  try {
    call.runInContext(slot, { timeout: Math.ceil(seconds * 1000) });
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new TokenizerLimitError(
      `${what()} took longer than ${seconds} s: a pattern or template of this checkpoint's tokenizer cannot cope ` +
        'with the text; send another text or use another checkpoint',
    );
  } finally {
    isTimed = false;
    slot.work = undefined;
  }
  return result!.value;
}

/** Node makes this error in the other context, so that `instanceof Error` does not hold. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
