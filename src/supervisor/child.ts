/** A process of the supervisor's own: started, started again after a crash with growing pauses, and stopped. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { NODE_ARGS } from '../programs.ts';
import { UNUSABLE } from '../unusable.ts';

const MAIN = new URL('../cli/main.ts', import.meta.url);
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A process that ran for so long has started well. */
const STEADY_MS = 60_000;

export class Child {
  readonly name: string;
  readonly #args: string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #onGivenUp: (name: string) => void;
  readonly #program: URL;
  #process: ChildProcess | null = null;
  #pause = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | null = null;
  #stopping = false;

  /** @param onGivenUp - called when the process says that it cannot work */
  constructor(
    name: string,
    args: string[],
    env: NodeJS.ProcessEnv,
    onGivenUp: (name: string) => void,
    program: URL = MAIN,
  ) {
    this.name = name;
    this.#program = program;
    this.#args = args;
    this.#env = env;
    this.#onGivenUp = onGivenUp;
  }

  start(): void {
    const started = Date.now();
    // The IPC channel is how the child learns that its supervisor has exited. Its own process group keeps the terminal's
    // Ctrl-C for the supervisor, which stops things in order.
    const child = fork(fileURLToPath(this.#program), this.#args, {
      // As `ps` is to show it: the source's name, wherever it was compiled to.
      execArgv: [...NODE_ARGS, `--title=whence main.ts ${this.#args.join(' ')}`],
      env: this.#env,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#process = child;
    child.on('exit', (code, signal) => {
      if (this.#stopping) return;
      if (code === UNUSABLE) {
        this.#onGivenUp(this.name);
        return;
      }
      if (Date.now() - started > STEADY_MS) this.#pause = FIRST_PAUSE_MS;
      console.error(`whence: the ${this.name} ended (${signal ?? `exit code ${code}`}); starting it again`);
      this.#timer = setTimeout(() => this.start(), this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    });
  }

  /** Tells it that the models file has changed. */
  hangUp(): void {
    this.#process?.kill('SIGHUP');
  }

  /** Asks it to end and waits; kills it after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await exited;
    clearTimeout(timer);
  }
}
