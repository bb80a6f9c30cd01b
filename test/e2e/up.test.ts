/** The whole service as a user has it: `whence up` as processes, over HTTP, to the last of them stopped. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWhence } from '../../clients/typescript/src/index.ts';
import type { Job } from '../../src/contract/job.ts';
import type { Result } from '../../src/contract/result.ts';
import { PROJECT, startUp, type Up } from '../support/up.ts';

const FRANCE = { model: 'facts-gpt2', input_texts: 'The capital of France is' };

describe('whence up', () => {
  let up: Up;
  before(async () => {
    up = await startUp();
  });
  after(async () => {
    if (up.process.exitCode === null) await up.stop();
  });

  const get = async (path: string): Promise<Response> => fetch(up.url + path);
  const submit = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${up.url}/attribute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  it('greets with the addresses, the backend and why, and nothing else', () => {
    const { out, err } = up.output();
    assert.ok(out.includes(up.url));
    assert.match(out, /Backend +(tensorflow|wasm|webgpu) on .+ \(.+\)/);
    assert.ok(out.includes(`${up.url}/jobs/ID/heatmap`));
    assert.equal(err, '');
    assert.ok(!out.includes('"level"'), 'log lines');
  });

  it('prints a curl that works when pasted', () => {
    const command = /^ {2}(curl [\s\S]*?\}')\n\nCtrl-C stops everything\.$/m.exec(up.output().out)?.[1];
    assert.ok(command !== undefined);
    const answer = JSON.parse(
      execFileSync('bash', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
    assert.equal(answer.status, 'succeeded');
    const [{ target, target_attributions, attr_pos_start }] = (answer.result as Result).sequences;
    const scores = (target_attributions ?? []).slice(0, attr_pos_start).map(([first]) => first as number);
    assert.equal(target[scores.indexOf(Math.max(...scores))].token, 'ĠFrance');
  });

  it('streams columns to the typed client as they are finished, and the job in the end', async () => {
    const tokens: string[] = [];
    for await (const { event, data } of createWhence(up.url).stream({ ...FRANCE, top_alternatives: 2 })) {
      if (event === 'done') assert.equal(data.status, 'succeeded');
      if (event !== 'step') continue;
      tokens.push(data.token.token);
      assert.equal(data.top_alternatives?.length, 2);
    }
    assert.equal(tokens[0], 'ĠParis');
  });

  it('takes a job, tells its progress and events, and keeps its result in every form', async () => {
    const accepted = await submit({ ...FRANCE, method: 'occlusion' });
    assert.equal(accepted.status, 202);
    let job = (await accepted.json()) as Job;
    assert.equal(accepted.headers.get('location'), job.links.self);
    const events = await (await get(job.links.events)).text(); // ends when the job does
    assert.match(events, /event: step/);
    assert.match(events, /event: done/);
    job = (await (await get(job.links.self)).json()) as Job;
    assert.equal(job.status, 'succeeded');
    const result = (await (await get(job.links.result)).json()) as Result;
    assert.equal(result.job_id, job.id);
    assert.equal(result.info.forward_passes > 0, true);
    const inseq = await (await get(`${job.links.result}?format=inseq`)).json();
    assert.deepEqual(Object.keys(inseq as object).sort(), ['__instance_type__', 'attributes']);
    assert.match(await (await get(`${job.links.result}?format=csv`)).text(), /^sequence,kind,name/);
    assert.match(await (await get(`${job.links.result}?format=text`)).text(), /^text 1 .*Paris/);
    const heatmap = await get(job.links.heatmap);
    assert.match(heatmap.headers.get('content-type') ?? '', /^text\/html/);
    assert.match(await heatmap.text(), /France/);
  });

  it('translates into the language that is asked for', async () => {
    const result = await createWhence(up.url).attribute({
      model: 'numbers-m2m100',
      input_texts: 'forty-two',
      src_lang: 'en',
      tgt_lang: 'de',
      attribute_target: true,
    });
    assert.deepEqual(result.info.generated_texts, ['zweiundvierzig']);
    assert.ok(result.sequences[0].source_attributions !== null);
  });

  it('refuses what it cannot do, and says what to do instead', async () => {
    const answer = await submit({ ...FRANCE, metod: 'saliency' });
    assert.equal(answer.status, 422);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.match(((await answer.json()) as { detail: string }).detail, /metod.*"method"/s);
  });

  it('serves its documentation, models, health and metrics', async () => {
    assert.match(await (await get('/docs')).text(), /swagger/i);
    const { data } = await createWhence(up.url).api.GET('/models');
    assert.deepEqual(data?.models?.map(({ id }) => id).sort(), ['facts-gpt2', 'numbers-m2m100', 'sources-llama']);
    assert.equal((await get('/health/ready')).status, 200);
    assert.match(await (await get('/metrics')).text(), /^# HELP /m);
  });

  it('goes on after its worker was killed', async () => {
    const worker = childrenOf(up.process.pid as number).find(({ args }) => args.endsWith(' worker'));
    assert.ok(worker !== undefined);
    process.kill(worker.pid, 'SIGKILL');
    const answer = await submit(FRANCE);
    let job = (await answer.json()) as Job;
    for (let i = 0; i < 600 && job.status !== 'succeeded'; i++) {
      await sleep(100);
      job = (await (await get(job.links.self)).json()) as Job;
      assert.notEqual(job.status, 'failed');
    }
    assert.equal(job.status, 'succeeded');
  });

  const refused = (settings: Record<string, string>): string => {
    const env = { ...process.env, ...settings };
    const another = spawnSync(process.execPath, ['bin/whence.mjs', 'up'], { cwd: PROJECT, env, encoding: 'utf8' });
    assert.notEqual(another.status, 0);
    return another.stderr;
  };

  it('says what to do where its port is taken', () => {
    const { port } = new URL(up.url);
    assert.match(refused({ WHENCE_PORT: port }), new RegExp(`^whence: port ${port} .* is taken; set WHENCE_PORT`));
  });

  it('leaves the data directory to the instance that works in it', async () => {
    const answer = refused({ WHENCE_PORT: '0', WHENCE_DATA_DIR: up.dataDir });
    assert.match(answer, new RegExp(`^whence: process ${up.process.pid}, another .*set WHENCE_DATA_DIR`));
    assert.equal((await get('/health/ready')).status, 200);
  });

  it('says what is wrong with the models file before it starts anything', () => {
    const file = join(up.dataDir, 'nowhere.json');
    assert.equal(refused({ WHENCE_PORT: '0', WHENCE_MODELS_FILE: file }), `whence: ${file}: there is no such file\n`);
  });

  it('runs beside another instance, whose key and plug-ins stay its own', async () => {
    const key = 'a-key-of-some-length';
    const WHENCE_PLUGINS = 'examples/plugins/recency.ts,examples/plugins/token_rank.ts';
    const other = await startUp({ WHENCE_API_KEYS: key, WHENCE_LOG_LEVEL: 'info', WHENCE_PLUGINS });
    try {
      assert.notEqual(other.url, up.url);
      assert.equal((await fetch(`${other.url}/jobs`)).status, 401);
      const headers = { authorization: `Bearer ${key}` };
      const answer = await fetch(`${other.url}/jobs`, { headers });
      assert.deepEqual(((await answer.json()) as { jobs: Job[] }).jobs, []);
      // It has methods and step functions of its operator's, in TypeScript.
      const own = await fetch(`${other.url}/attribute`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', prefer: 'wait=60' },
        body: JSON.stringify({ ...FRANCE, method: 'recency', step_scores: ['token_rank'] }),
      });
      const { result } = (await own.json()) as { result: Result };
      assert.ok(
        result.sequences[0].step_scores.token_rank.every((rank) => rank === 1),
        'greedy: the first choice',
      );
    } finally {
      await other.stop();
    }
    const { out, err } = other.output();
    assert.match(out, /Authorization: Bearer \$KEY/);
    assert.ok(!(out + err).includes(key));
    assert.match(out, /"path":"\/jobs"/, 'asked for, requests are logged');
    assert.doesNotMatch(out, /"path":"\/(health|metrics)/, 'but not those of probes');
  });

  it('goes on after its engine was killed while it started', async () => {
    const [worker] = childrenOf(up.process.pid as number).filter(({ args }) => args.endsWith(' worker'));
    const engine = () => childrenOf(worker.pid).find(({ args }) => args.includes('engine-child'))?.pid;
    const kill = async (old: number | undefined): Promise<number> => {
      for (let pid = engine(); ; pid = engine()) {
        if (pid !== undefined && pid !== old) {
          process.kill(pid, 'SIGKILL');
          return pid;
        }
        await sleep(20);
      }
    };
    await kill(await kill(undefined)); // the second is just starting
    const answer = (await (await submit(FRANCE, { prefer: 'wait=60' })).json()) as Job;
    assert.equal(answer.status, 'succeeded');
    assert.equal(up.process.exitCode, null);
  });

  it('starts its Redis again, with the jobs', async () => {
    const accepted = (await (await submit(FRANCE, { prefer: 'wait=60' })).json()) as Job;
    const [redis] = redisOf(up);
    process.kill(redis.pid, 'SIGKILL');
    const deadline = Date.now() + 20_000;
    while ((await get(accepted.links.result)).status !== 200) {
      assert.ok(Date.now() < deadline, 'Redis did not come back within 20 s');
      await sleep(100);
    }
    assert.notEqual(redisOf(up)[0].pid, redis.pid);
    assert.match(up.output().err, /whence: Redis ended \(SIGKILL\); its data are safe, starting it again/);
    const answer = (await (await submit(FRANCE, { prefer: 'wait=60' })).json()) as Job;
    assert.equal(answer.status, 'succeeded');
  });

  it('ends, and says why, when its Redis cannot be started again', async () => {
    const other = await startUp();
    const exited = once(other.process, 'exit');
    const [redis] = redisOf(other);
    const dir = join(other.dataDir, 'redis');
    const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.aof/.test(name));
    assert.ok(files.length > 0);
    for (const file of files) if (statSync(join(dir, file)).isFile()) writeFileSync(join(dir, file), 'not what it was');
    process.kill(redis.pid, 'SIGKILL');
    const [code] = await exited;
    assert.equal(code, 1);
    assert.match(other.output().err, /whence: Redis ended; its data are safe, start again \(Redis ended before/);
    rmSync(other.dataDir, { recursive: true, force: true });
  });

  it('stops everything that it started', async () => {
    const started = descendantsOf(up.process.pid as number);
    assert.ok(started.length >= 4, 'Redis, API, worker and engine');
    assert.equal(await up.stop(), 0);
    const left = started.filter(({ pid, args }) => processes().some((one) => one.pid === pid && one.args === args));
    assert.deepEqual(left, []);
    await assert.rejects(fetch(up.url));
  });
});

interface Process {
  pid: number;
  parent: number;
  args: string;
}

function processes(): Process[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return table
    .trim()
    .split('\n')
    .map((line) => /^ *(\d+) +(\d+) (.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, args]) => ({ pid: Number(pid), parent: Number(parent), args }));
}

function redisOf(up: Up): Process[] {
  return childrenOf(up.process.pid as number).filter(({ args }) => /(redis|valkey)-server/.test(args));
}

function childrenOf(pid: number): Process[] {
  return processes().filter(({ parent }) => parent === pid);
}

function descendantsOf(pid: number): Process[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child.pid)]);
}
