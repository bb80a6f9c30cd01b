/** What `whence up` says while it starts, and when it is ready. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';

/** Longest wait for the first worker. */
const READY_MS = 180_000;
/** How often to say that it goes on: in place on a terminal, in lines elsewhere. */
const SAY_MS = { terminal: 1_000, lines: 5_000 };
const DEMO = { id: 'facts-gpt2', text: 'The capital of France is' };

interface Ready {
  redis?: { up: boolean };
  backend?: { name?: string; device?: string; reason?: string };
}

interface Model {
  id: string;
  architecture?: string;
  unusable?: { detail: string };
}

/** Waits until a worker is ready, then says where everything is and gives one request that works. */
export async function announce(
  baseUrl: string,
  { apiKeys, keysFile }: Pick<Config, 'apiKeys' | 'keysFile'>,
): Promise<void> {
  const started = Date.now();
  const progress = new Progress();
  let doing = 'starting';
  while (Date.now() < started + READY_MS) {
    try {
      const response = await fetch(`${baseUrl}/health/ready`);
      const ready = (await response.json()) as Ready;
      doing = ready.redis?.up === false ? 'waiting for Redis, which does not answer' : 'loading the models';
      if (response.ok) {
        const headers = apiKeys.length > 0 ? { authorization: `Bearer ${apiKeys[0]}` } : undefined;
        const listed = (await (await fetch(`${baseUrl}/models`, { headers })).json()) as { models?: Model[] };
        progress.end();
        // Of the keys in a file nobody knows more than their hashes: then the models are not known either.
        const needsKey = apiKeys.length > 0 || keysFile !== null;
        console.log(welcome(baseUrl, ready, listed.models ?? [], needsKey));
        return;
      }
    } catch {
      // not listening yet
    }
    progress.update(doing);
    await sleep(200);
  }
  progress.end();
  console.log(`whence: no worker is ready yet; ${baseUrl}/health/ready says why`);
}

/** What is being done, and the seconds that it has taken so far. */
class Progress {
  readonly #terminal = process.stdout.isTTY;
  readonly #started = Date.now();
  #said = Date.now();

  update(what: string): void {
    if (Date.now() - this.#said < (this.#terminal ? SAY_MS.terminal : SAY_MS.lines)) return;
    this.#said = Date.now();
    const line = `whence: ${what}: ${Math.round((this.#said - this.#started) / 1000)} s`;
    process.stdout.write(this.#terminal ? `\r\u001b[K${line}` : `${line}\n`);
  }

  end(): void {
    if (this.#terminal) process.stdout.write('\r\u001b[K');
  }
}

function welcome(baseUrl: string, { backend }: Ready, all: Model[], needsKey: boolean): string {
  const models = all.filter(({ unusable }) => unusable === undefined);
  const unusable = all.flatMap((model) =>
    model.unusable ? [`\n  Unusable    ${model.id}: ${model.unusable.detail}`] : [],
  );
  const demo = models.find(({ id }) => id === DEMO.id);
  const model = demo ?? models.find(({ architecture }) => architecture === 'decoder-only') ?? models[0];
  const question =
    demo === undefined ? 'Which input tokens did each token come from?' : 'Which words made the model say "Paris"?';
  const key = needsKey ? ` -H "Authorization: Bearer $KEY"` : '';
  return `
whence is ready.
  Explorer    ${baseUrl}/ in a browser: press Explain
  API         ${baseUrl}
  Swagger UI  ${baseUrl}/docs
  Heatmaps    ${baseUrl}/jobs/ID/heatmap, with the "id" of an answer
  Models      ${models.length === 0 ? `${baseUrl}/models` : `${models.map(({ id }) => id).join(', ')} (${baseUrl}/models)`}${unusable.join('')}
  Backend     ${backend?.name ?? 'unknown'} on ${backend?.device ?? 'cpu'} (${backend?.reason ?? 'see /health/ready'})

${question} Paste this${needsKey ? ', with one of your API keys in KEY' : ''}:

  curl -s ${baseUrl}/attribute${key} -H 'Content-Type: application/json' -H 'Prefer: wait=60' \\
    -d '{"model": ${JSON.stringify(model?.id ?? DEMO.id)}, "input_texts": "${DEMO.text}"}'

Ctrl-C stops everything.
`;
}
