/** A Hugging Face hub of one repository on a free local port, as far as downloads need it. */

import { createHash } from 'node:crypto';
import http from 'node:http';
import type { TestContext } from 'node:test';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

export interface FakeHub {
  readonly endpoint: string;
  /** `METHOD path`, and the range that was asked for. */
  readonly requests: string[];
  /** Bytes after which the next answer with a file's content breaks off; null: never. */
  breakAfter: number | null;
  /** Served in the place of a file's content. */
  readonly corrupted: Map<string, Buffer>;
  /** Requests need this token; null: none. */
  token: string | null;
  close(): Promise<void>;
}

/** Files of more than `lfsFrom` bytes are listed as large ones, with a SHA-256. */
export async function startHub(
  t: TestContext,
  repository: string,
  files: Readonly<Record<string, Buffer>>,
  lfsFrom = 1000,
): Promise<FakeHub> {
  const hub = { requests: [] as string[], breakAfter: null as number | null, token: null as string | null };
  const corrupted = new Map<string, Buffer>();
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://hub');
    hub.requests.push(
      [request.method, decodeURIComponent(url.pathname), request.headers.range].filter(Boolean).join(' '),
    );
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (hub.token !== null && request.headers.authorization !== `Bearer ${hub.token}`) {
      json(401, { error: 'Invalid credentials' });
    } else if (url.pathname.startsWith(`/api/models/${repository}/revision/`)) {
      const revision = decodeURIComponent(url.pathname.split('/revision/')[1]);
      if (revision === 'main' || revision === COMMIT) json(200, { _id: '1', id: repository, sha: COMMIT });
      else json(404, { error: 'Invalid rev id' });
    } else if (url.pathname === `/api/models/${repository}/tree/${COMMIT}`) {
      json(200, Object.entries(files).map(listed));
    } else if (url.pathname.startsWith(`/${repository}/resolve/${COMMIT}/`)) {
      const name = url.pathname.split(`/${COMMIT}/`)[1];
      sendFile(request, response, corrupted.get(name) ?? files[name]);
    } else {
      json(404, { error: 'Repository not found' });
    }
  });

  const sendFile = (request: http.IncomingMessage, response: http.ServerResponse, content: Buffer): void => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const from = range ? Number(range[1]) : 0;
    const to = range ? Math.min(Number(range[2]), content.length - 1) : content.length - 1;
    const body = content.subarray(from, to + 1);
    response.writeHead(range ? 206 : 200, {
      etag: '"x"',
      'content-length': body.length,
      'content-range': `bytes ${from}-${to}/${content.length}`,
    });
    if (hub.breakAfter !== null && body.length > hub.breakAfter) {
      response.write(body.subarray(0, hub.breakAfter), () => setTimeout(() => response.destroy(), 20));
      hub.breakAfter = null;
    } else {
      response.end(body);
    }
  };

  const listed = ([path, content]: [string, Buffer]): Record<string, unknown> => {
    const git = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
    const lfs = { oid: createHash('sha256').update(content).digest('hex'), size: content.length, pointerSize: 130 };
    return { type: 'file', path, size: content.length, oid: git, ...(content.length > lfsFrom ? { lfs } : {}) };
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  t.after(close);
  return Object.assign(hub, { endpoint: `http://127.0.0.1:${address.port}`, corrupted, close });
}
