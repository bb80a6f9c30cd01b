/** The API in a process of its own, which measures how long its event loop is held: for tests of hostile requests. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./api-process-main.ts', import.meta.url));

export interface ApiProcess {
  url: string;
  port: number;
  /** Begins a new measurement. */
  reset(): Promise<void>;
  /** The longest time in milliseconds for which the event loop was held since `reset`. */
  longestHold(): Promise<number>;
}

/** @param models - a models file whose tokenizers count; none: the words of a text are its tokens */
export async function startApiProcess(t: TestContext, models?: string): Promise<ApiProcess> {
  const child = fork(PROGRAM, models === undefined ? [] : [models], {
    execArgv: ['--import', import.meta.resolve('tsx')],
  });
  t.after(() => child.kill('SIGKILL'));
  const { port } = await answerOf<{ port: number }>(child);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    reset: async () => void (await ask(child, 'reset')),
    longestHold: async () => (await ask(child, 'longest')).ms,
  };
}

async function ask(child: ChildProcess, what: string): Promise<{ ms: number }> {
  child.send(what);
  return answerOf(child);
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const settled = new AbortController();
  const { signal } = settled;
  const [answer] = await Promise.race([once(child, 'message', { signal }), once(child, 'exit', { signal })]);
  settled.abort();
  if (typeof answer !== 'object' || answer === null) throw new Error(`the API has exited: ${answer}`);
  return answer;
}
