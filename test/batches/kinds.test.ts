/** Lines of both kinds in one batch, with the real engine; and a batch that is followed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Batch } from '../../src/contract/batch.ts';
import { startUp, type Up } from '../support/up.ts';

const LINES = [
  { defaults: { model: 'facts-gpt2', generation_args: { max_new_tokens: 2 }, query: 'The capital of France is' } },
  { custom_id: 'plain', body: { input_texts: 'The capital of France is' } },
  {
    custom_id: 'sources',
    url: '/attribute-context',
    body: { documents: [{ id: 'a', text: 'Rome is old. Paris is large.' }], approach: 'leave_one_out' },
  },
  { custom_id: 'wrong', url: '/attribute-context', body: { documents: [{ text: 'x' }], approach: 'guess' } },
];

let up: Up;
before(async () => {
  up = await startUp();
});
after(() => up.stop());

async function send(lines: readonly object[]): Promise<Batch> {
  const body = lines.map((line) => JSON.stringify(line)).join('\n');
  const headers = { 'content-type': 'application/x-ndjson' };
  const answer = await fetch(`${up.url}/batches`, { method: 'POST', headers, body });
  assert.equal(answer.status, 202, await answer.clone().text());
  return (await answer.json()) as Batch;
}

const read = async (path: string): Promise<string> => (await fetch(up.url + path)).text();

test('each line is a request of the route that it names, and takes the shared fields that it has', async () => {
  const { links } = await send(LINES);
  const found = (await read(links.results))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    found.map(({ custom_id, status }) => [custom_id, status]),
    [
      ['plain', 'succeeded'],
      ['sources', 'succeeded'],
      ['wrong', 'failed'],
    ],
  );
  assert.equal(found[0].result.sequences.length, 1);
  assert.equal(found[1].result.kind, 'attribute-context');
  assert.equal(found[1].result.sources.units.length, 2);
  assert.equal(found[2].error.pointer, '#/body/approach');

  const rows = (await read(`${links.results}?format=csv`)).trim().split('\r\n');
  assert.match(rows[0], /^custom_id,sequence,kind/);
  assert.ok(rows.some((row) => row.startsWith('plain,0,attribution')));
  assert.match(rows.find((row) => row.startsWith('sources')) ?? '', /^sources,,error,other_columns,.*format=ndjson/);
  const inseq = JSON.parse(await read(`${links.results}?format=inseq`));
  assert.equal(inseq.attributes.sequence_attributions.length, 1);
});

test('a data set of sources is one table', async () => {
  const [defaults, , sources, wrong] = LINES;
  const { links } = await send([defaults, sources, wrong]);
  const rows = (await read(`${links.results}?format=csv`)).trim().split('\r\n');
  assert.match(rows[0], /^custom_id,kind,source_index,document_id,start,end,source/);
  assert.match(rows[1], /^sources,unit,0,a,0,/);
  assert.match(rows.at(-1) ?? '', /^wrong,error,.*leave_one_out/);
  assert.equal(new Set(rows.map((row) => row.split(',').length >= 11)).size, 1);
});

test('a batch is followed until it has ended', async () => {
  const [defaults, plain] = LINES;
  const many = Array.from({ length: 40 }, (_, i) => ({ ...plain, custom_id: `line ${i}` }));
  const { id, links } = await send([defaults, ...many]);
  const events = (await read(links.events)).split('\n\n').flatMap((block) => {
    const event = /^event: (.*)$/m.exec(block)?.[1];
    return event === undefined
      ? []
      : [{ event, data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null') as Batch }];
  });
  const last = events.at(-1);
  assert.equal(last?.event, 'done');
  assert.equal(last.data.id, id);
  assert.equal(last.data.status, 'completed');
  assert.equal(last.data.counts.succeeded, 40);
  assert.ok(events.slice(0, -1).every(({ event }) => event === 'progress'));
  const completed = events.map(({ data }) => data.progress.completed);
  assert.deepEqual(
    completed,
    completed.toSorted((a, b) => a - b),
  );
  assert.equal((await fetch(`${up.url}/batches/nowhere/events`)).status, 404);
});
