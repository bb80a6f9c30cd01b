/**
 * Promise 8: overload is polite. One key floods the service with ten times what it computes, a thousand streams are open,
 * and hostile clients send what they should not: answers are 2xx, 4xx or 503 with a `Retry-After` that is true, another key
 * is served as if nobody else were there, and memory stays flat.
 */

import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { type Campaign, figure, never, within } from './campaign.ts';
import type { Answer, Client } from './client.ts';
import { MIXED, SMALL } from './jobs.ts';
import { residentMb, type Stack, startStack, until } from './stack.ts';
import type { Tally } from './tally.ts';

const KEYS = { flood: 'key-of-those-who-flood', other: 'key-of-somebody-else' };
/** Places in the queue; each key has half of them. */
const MAX_QUEUE = 40;
const STREAMS = 1_000;
const TIMES_CAPACITY = 10;
/** Sockets that send a byte a second, headers or a body. */
const TRICKLING = 50;
/** A request that has not arrived by then is cut off (REQUEST_MS of slow-requests.ts, and Node's look every 30 s). */
const CUT_MS = 75_000;
const SAMPLE_MS = 500;
/** Of a round, once the service and the streams are there. */
const SHORTEST_MS = 15_000;
/** Of refusals: the share whose `Retry-After` is within a factor of 2. */
const TRUE_AIM = 0.95;
/** Growth from the second third of a round to the last. */
const FLAT = { share: 0.03, mb: 20 };

const FRANCE = 'The capital of France is';
/** Jobs of a tenth of a second to some seconds. */
const FLOOD: readonly Record<string, unknown>[] = [
  ...MIXED,
  {
    ...SMALL,
    input_texts: Array(8).fill(FRANCE),
    generated_texts: Array(8).fill(`${FRANCE} Paris`),
    method: 'integrated_gradients',
    method_args: { n_steps: 600 },
  },
];

interface Refusal {
  at: number;
  said: number;
}

interface Flood {
  accepted: string[];
  refusals: Refusal[];
}

export const overload: Campaign = {
  promise: 8,
  title: 'Overload is polite',
  roundSeconds: 600,

  run: async ({ until: end, tally, say }) => {
    const settings = { WHENCE_API_KEYS: Object.values(KEYS).join(','), WHENCE_MAX_QUEUE: `${MAX_QUEUE}` };
    const stack = await startStack({ settings });
    const [flooder, other] = [stack.client.as(KEYS.flood), stack.client.as(KEYS.other)];
    const flood: Flood = { accepted: [], refusals: [] };
    const redis = new Redis(stack.redis.url);
    try {
      const capacity = await measureCapacity(flooder);
      say(`${capacity.toFixed(1)} jobs a second`);
      const parked = await flooder.post('/attribute', { ...SMALL, priority: -10 });
      const streams = await listen(flooder, parked.json.id);
      const megabytes: number[] = [];
      const until = Math.max(end, Date.now() + SHORTEST_MS);
      const goesOn = () => Date.now() < until;
      await Promise.all([
        submitWhile(flooder, goesOn, 1_000 / (TIMES_CAPACITY * capacity), flood, tally),
        useWhile(other, goesOn, tally),
        attackWhile(flooder, goesOn, tally),
        trickleWhile(stack, goesOn, tally),
        sampleWhile(stack, goesOn, megabytes),
      ]);
      say(`${flood.accepted.length} jobs accepted, ${flood.refusals.length} refused`);
      checkMemory(megabytes, tally);
      await checkJobs(flooder, [...flood.accepted, parked.json.id], tally);
      await checkRefusals(redis, flood, tally);
      await checkStreams(streams, tally);
    } finally {
      redis.disconnect();
      await stack.stop();
    }
  },

  rows: (tally) => [
    figure(
      'requests for jobs, ten times what was computed',
      `${tally.count('accepted') + tally.count('refused')}, of which ${tally.count('refused')} were refused`,
    ),
    figure('requests of hostile clients', `${tally.count('hostile')}`),
    never('answers other than 2xx, 4xx and 503 with `Retry-After`, or none', tally.count('rude')),
    {
      what: '`Retry-After` within a factor of 2 of when a place was free, at least 1 s',
      measured: percent(truth(tally)),
      aim: `>= ${percent(TRUE_AIM)}`,
      holds: truth(tally) >= TRUE_AIM,
    },
    never('jobs that were accepted and did not succeed', tally.count('not succeeded')),
    never(`of ${STREAMS} open streams, those that did not hear the end`, tally.count('unheard')),
    within('a request of another key beside it, 99th percentile', tally.percentile('other', 0.99), 2_000),
    figure('a job of another key, from request to result, median', `${Math.round(tally.percentile('job', 0.5))} ms`),
    figure('slowest', `${Math.round(tally.worst('job'))} ms`),
    {
      what: 'resident memory of the API, median of the last third of a round',
      measured: `${Math.round(tally.worst('last third'))} MB, ${Math.round(tally.worst('second third'))} MB in the second`,
      aim: `+ ${percent(FLAT.share)} or ${FLAT.mb} MB`,
      holds: isFlat(tally.worst('second third'), tally.worst('last third')),
    },
  ],
};

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const truth = (tally: Tally): number => 1 - tally.count('untrue') / Math.max(1, tally.samples.ratio?.length ?? 0);
const isFlat = (before: number, after: number): boolean => after <= before + Math.max(FLAT.mb, FLAT.share * before);

/** Jobs of the flood that the service computes a second. */
async function measureCapacity(client: Client): Promise<number> {
  for (const kind of FLOOD) await client.run(kind); // models are loaded, and quotes learned
  const began = performance.now();
  const ids: string[] = [];
  for (const kind of FLOOD) ids.push((await client.post('/attribute', kind)).json.id);
  for (const id of ids) await client.ended(id, 60_000);
  return FLOOD.length / ((performance.now() - began) / 1_000);
}

/** Counts an answer that no client should get. */
function judge(
  { status, headers, text }: Pick<Answer, 'status' | 'headers' | 'text'>,
  what: string,
  tally: Tally,
): void {
  const isPolite =
    (status >= 200 && status < 300) ||
    (status >= 400 && status < 500) ||
    (status === 503 && headers.has('retry-after'));
  if (isPolite) return;
  tally.add('rude');
  tally.break(`${what}: ${status} ${text.slice(0, 200)}`);
}

async function submitWhile(
  client: Client,
  goesOn: () => boolean,
  everyMs: number,
  { accepted, refusals }: Flood,
  tally: Tally,
): Promise<void> {
  const sent: Promise<void>[] = [];
  const began = performance.now();
  for (let i = 0; goesOn(); i++) {
    const answered = client.post('/attribute', { ...FLOOD[i % FLOOD.length], seed: i }).then((answer) => {
      judge(answer, 'a job of the flood', tally);
      if (answer.status === 202) accepted.push(answer.json.id);
      else refusals.push({ at: Date.now(), said: Number(answer.headers.get('retry-after')) });
    });
    sent.push(answered);
    await sleep(Math.max(0, began + (i + 1) * everyMs - performance.now()));
  }
  await Promise.all(sent);
  tally.add('accepted', accepted.length);
  tally.add('refused', refusals.length);
}

/** Somebody else, who has a small job now and then and looks around. */
async function useWhile(client: Client, goesOn: () => boolean, tally: Tally): Promise<void> {
  for (let i = 0; goesOn(); i++) {
    for (const path of ['/health/live', '/jobs?limit=5', '/models']) {
      const answer = await client.get(path);
      judge(answer, path, tally);
      tally.sample('other', answer.ms);
    }
    if (i % 4 === 0) {
      const answer = await client.post('/attribute', SMALL, { prefer: 'wait=60' });
      tally.expect(answer.json?.status === 'succeeded', `another key's job: ${answer.status} ${answer.text}`);
      tally.sample('job', answer.ms);
    }
    await sleep(SAMPLE_MS);
  }
}

/** What hostile clients send, and what they are told. */
const ATTACKS: readonly {
  what: string;
  status: number;
  body: () => string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}[] = [
  { what: 'a body over the limit', status: 413, body: () => `{"model":"${'x'.repeat(5_000_000)}"}` },
  { what: 'deep nesting', status: 413, body: () => `{"input_texts":${'['.repeat(9_000)}${']'.repeat(9_000)}}` },
  {
    what: 'a compressed bomb',
    status: 415,
    body: () => new Uint8Array(gzipSync(Buffer.alloc(50_000_000, ' '))),
    headers: { 'content-encoding': 'gzip' },
  },
  { what: 'no JSON', status: 400, body: () => '{"model": ' },
  {
    what: 'a text over the limit',
    status: 422,
    body: () => JSON.stringify({ ...SMALL, input_texts: 'x'.repeat(40_000) }),
  },
];

async function attackWhile(client: Client, goesOn: () => boolean, tally: Tally): Promise<void> {
  const bodies = ATTACKS.map(({ body }) => body());
  const authorization = `Bearer ${KEYS.flood}`;
  for (let i = 0; goesOn(); i++) {
    const { what, status, headers } = ATTACKS[i % ATTACKS.length];
    const sent = { 'content-type': 'application/json', authorization, ...headers };
    const response = await fetch(`${client.url}/attribute`, {
      method: 'POST',
      body: bodies[i % bodies.length],
      headers: sent,
    })
      .then(async (answer) => ({ status: answer.status, headers: answer.headers, text: await answer.text() }))
      .catch((error) => ({ status: 0, headers: new Headers(), text: String(error.cause ?? error) }));
    judge(response, what, tally);
    tally.expect(response.status === status, `${what}: ${response.status} in place of ${status}: ${response.text}`);
    tally.add('hostile');
    leaveAtOnce(new URL(client.url));
    await sleep(100);
  }
}

/** Goes away in the middle of a body. */
function leaveAtOnce({ hostname, port }: URL): void {
  const socket = net.connect(Number(port), hostname).on('error', () => {});
  socket.write(
    `POST /attribute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n{"mod`,
    () => socket.destroy(),
  );
}

/** Sockets that send a byte a second; each that is cut off is followed by another. */
async function trickleWhile({ client }: Stack, goesOn: () => boolean, tally: Tally): Promise<void> {
  const { hostname, port } = new URL(client.url);
  const open = async (i: number): Promise<void> => {
    const socket = net.connect(Number(port), hostname).on('error', () => {});
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    const closed = once(socket, 'close');
    const beginnings = [
      'GET /jobs HTTP/1.1\r\nHost: x\r\nX-Slow: ',
      `POST /attribute HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEYS.flood}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{`,
    ];
    socket.write(beginnings[i % beginnings.length]);
    const opened = performance.now();
    while (!socket.destroyed && goesOn()) {
      await Promise.race([closed, sleep(1_000)]);
      if (!socket.destroyed) socket.write('a');
      if (performance.now() - opened > CUT_MS) {
        tally.break(`a socket that trickles is not cut off within ${CUT_MS / 1_000} s`);
        break;
      }
    }
    socket.destroy();
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 408); // told or not, it is cut off
    judge({ status, headers: new Headers(), text }, 'a socket that trickles', tally);
    tally.add('hostile');
  };
  const one = async (_: unknown, i: number): Promise<void> => {
    while (goesOn()) await open(i);
  };
  await Promise.all(Array.from({ length: TRICKLING }, one));
}

async function sampleWhile({ api }: Stack, goesOn: () => boolean, mb: number[]): Promise<void> {
  for (; goesOn(); await sleep(SAMPLE_MS)) mb.push(residentMb(api.pid) ?? 0);
}

function checkMemory(mb: readonly number[], tally: Tally): void {
  const third = Math.floor(mb.length / 3);
  const medianOf = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  tally.sample('second third', medianOf(mb.slice(third, 2 * third)));
  tally.sample('last third', medianOf(mb.slice(2 * third)));
}

async function checkJobs(client: Client, ids: readonly string[], tally: Tally): Promise<void> {
  for (const id of ids) {
    const job = await client.ended(id, 120_000).catch(() => null);
    if (job?.status === 'succeeded') continue;
    tally.add('not succeeded');
    tally.break(`job ${id} was accepted and is ${JSON.stringify(job?.error ?? job?.status ?? 'lost')}`);
  }
}

/** Holds what was said against when the key's next job was taken from the queue, which is when a place was free. */
async function checkRefusals(redis: Redis, { accepted, refusals }: Flood, tally: Tally): Promise<void> {
  const records = await Promise.all(accepted.map((id) => redis.hget(`whence:job:${id}`, 'started_at')));
  const starts = records.map(Number).toSorted((a, b) => a - b);
  for (const { at, said } of refusals) {
    const next = starts.find((start) => start > at);
    if (next === undefined) continue; // the last ones: nobody took the place
    const seconds = Math.max(1, (next - at) / 1_000);
    tally.sample('ratio', said / seconds);
    if (said <= 2 * Math.ceil(seconds) && said >= seconds / 2) continue;
    tally.add('untrue');
  }
}

interface Streams {
  open: number;
  heard: number;
  close(): void;
}

async function listen({ url }: Client, id: string): Promise<Streams> {
  const requests: http.ClientRequest[] = [];
  const streams: Streams = { open: 0, heard: 0, close: () => requests.forEach((request) => void request.destroy()) };
  const options = { agent: false, headers: { authorization: `Bearer ${KEYS.flood}`, accept: 'text/event-stream' } };
  for (let i = 0; i < STREAMS; i++) {
    const request = http.get(`${url}/jobs/${id}/events`, options).on('error', () => {});
    requests.push(request);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    if (response.statusCode === 200) streams.open++;
    let end = '';
    response.on('data', (data) => {
      end = (end + data).slice(-1_000);
    });
    response.on('error', () => {});
    response.on('end', () => {
      if (end.includes('event: done')) streams.heard++;
    });
  }
  return streams;
}

async function checkStreams(streams: Streams, tally: Tally): Promise<void> {
  await until('all streams end', 20_000, () => streams.heard === STREAMS).catch(() => {});
  streams.close();
  tally.add('unheard', STREAMS - streams.heard);
  tally.expect(
    streams.heard === STREAMS,
    `${streams.open} of ${STREAMS} streams were open, ${streams.heard} heard the end`,
  );
}
