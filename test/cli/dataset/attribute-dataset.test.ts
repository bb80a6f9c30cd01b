/** `whence attribute-dataset` as a person runs it, against a service with real batches. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { type BatchBench, startBatchBench } from '../../support/batches.ts';
import { eventually } from '../../support/jobs.ts';
import { PROJECT } from '../../support/up.ts';

function command(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['bin/whence.mjs', 'attribute-dataset', ...args], {
    cwd: PROJECT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { child, ended: said.then(([out, err, [code]]) => ({ out, err, code })) };
}

async function listening(t: TestContext): Promise<{ bench: BatchBench; url: string }> {
  const bench = await startBatchBench(t);
  await bench.app.listen({ host: '127.0.0.1', port: 0 });
  const address = bench.app.server.address();
  return { bench, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` };
}

const idsOf = (file: string): string[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).custom_id);

test('a table in, a line for each record out', async (t) => {
  const { bench, url } = await listening(t);
  await bench.worker();
  const [file, output] = [bench.file('in.csv'), bench.file('out.jsonl')];
  writeFileSync(file, '\uFEFFname,question\r\nq1,"Where, if not\nhere?"\r\nq2,Who?\r\n');
  const args = ['--model', 'tiny', '--method', 'saliency', '--input-field', 'question', '--id-field', 'name'];
  const run = [file, ...args, '--output', output, '--body', '{"seed": 7}'];
  const { out, err, code } = await command(run, { WHENCE_URL: url }).ended;
  assert.equal(code, 0, err);
  assert.match(out, /^2 of 2 lines succeeded, results in .*out\.jsonl\n$/);
  assert.deepEqual(idsOf(output), ['q1', 'q2']);
  assert.ok(!existsSync(`${output}.state.json`));
  const again = await command(run, { WHENCE_URL: url }).ended;
  assert.match(again.err, /out\.jsonl is there already: give another --output, or --overwrite/);
  assert.equal(again.code, 78);
});

test('an interrupted run goes on where it was, also after a line that was cut off', async (t) => {
  const { bench, url } = await listening(t);
  const [file, output, gate] = [bench.file('in.jsonl'), bench.file('out.jsonl'), bench.file('gate')];
  writeFileSync(file, Array.from({ length: 40 }, (_, i) => `${JSON.stringify({ text: `text ${i}` })}\n`).join(''));
  const body = JSON.stringify({ method: 'saliency', method_args: { gate } });
  const args = [file, '--model', 'tiny', '--input-field', 'text', '--output', output, '--body', body, '--url', url];
  await bench.worker();
  const first = command(args);
  await eventually(async () => existsSync(output) && existsSync(`${output}.state.json`));
  await eventually(async () => (await bench.app.inject('/batches')).json().batches[0]?.status === 'running');
  first.child.kill('SIGINT');
  const stopped = await first.ended;
  assert.equal(stopped.code, 130);
  assert.match(stopped.err, /run the same command again to go on/);
  await bench.open(gate);
  writeFileSync(output, '{"custom_id":"1","status":"succeeded"}\n{"custom_id":"2","st');
  const other = await command([...args, '--method', 'occlusion']).ended;
  assert.match(other.err, /state\.json is of a run with another file or other options/);
  const second = await command(args).ended;
  assert.equal(second.code, 0, second.err);
  assert.match(second.err, /Going on with batch/);
  assert.deepEqual(
    idsOf(output),
    Array.from({ length: 40 }, (_, i) => String(i + 1)),
  );
  assert.equal((await bench.app.inject('/batches')).json().batches.length, 1);
});

test('what is wrong is said in a line, and nothing is left behind', async (t) => {
  const { bench, url } = await listening(t);
  const [file, output] = [bench.file('in.jsonl'), bench.file('out.jsonl')];
  writeFileSync(file, '{"id": 1, "text": "a"}\n{"id": 2}\n');
  const given = [file, '--model', 'tiny', '--output', output, '--url', url];
  for (const [args, message] of [
    [given, /^whence: --input-field is missing: the first record has the fields id, text$/m],
    [[...given, '--input-field', 'txt'], /^whence: no field "txt": the first record has id, text$/m],
    [[...given, '--input-field', 'text'], /^whence: record 2: the field "text" must be a text, got undefined$/m],
    [[...given, '--input-field', 'id', '--body', '{"metod": 1}'], /Did you mean "method"\?/],
    [[...given, '--body', '[1]'], /^whence: --body is \[1\]: give an object of fields/],
    [[...given, '--colour'], /^whence: Unknown option '--colour'/],
    [[bench.file('no.jsonl'), ...given.slice(1)], /no\.jsonl: there is no such file/],
    [[bench.file('in.txt'), ...given.slice(1)], /in\.txt": the name must end in one of \.jsonl, /],
  ] as const) {
    const { err, code } = await command([...args]).ended;
    assert.match(err, message);
    assert.equal(code, 78);
    assert.doesNotMatch(err, /\n {4}at /, 'no stack trace');
    assert.ok(!existsSync(output) && !existsSync(`${output}.state.json`));
  }
  assert.deepEqual((await bench.app.inject('/batches')).json().batches, []);
});
