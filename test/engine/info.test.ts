/** What a result says of how it was made: sent again as it stands it makes the same result. */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AttributeBody, type AttributeRequest } from '../../src/contract/attribute-request.ts';
import { ResultInfo } from '../../src/contract/result.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { attribute, startApp } from '../support/api.ts';
import { modelDir } from '../support/goldens.ts';
import { attributeRequest } from '../support/memory-jobs.ts';
import { generation, hooks, request } from './request.ts';

const CHAT_TEMPLATE = '{% for message in messages %}<{{ message.role }}>{{ message.content }}\n{% endfor %}<assistant>';

let engine: Engine;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whence-info-'));
  const chat = join(folder, 'chat');
  cpSync(modelDir('gpt2-tiny'), chat, { recursive: true });
  const file = join(chat, 'tokenizer_config.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), chat_template: CHAT_TEMPLATE }));
  const modelsFile = join(folder, 'models.json');
  const models = ['gpt2-tiny', 'm2m100-tiny', 'nllb-tiny', 'marian-tiny'].map((id) => ({
    id,
    path: modelDir(id),
    quantization: 'none',
  }));
  writeFileSync(modelsFile, JSON.stringify({ models: [...models, { id: 'chat', path: chat }] }));
  engine = await startEngine({
    modelsFile,
    backend: 'auto',
    threads: 0,
    pool: 'default',
    memoryBudgetMb: 1024,
    plugins: [],
  });
});

after(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = async (changes: Partial<AttributeRequest>) => {
  const { result } = await engine.attribute(request({ generation_args: generation(3), ...changes }), hooks());
  return result;
};

const contrast = { name: 'contrast_prob_diff', args: { contrast_targets: 'Every cat sees a big dog' } };

const REQUESTS: [string, Partial<AttributeRequest>][] = [
  ['the model generates', { model: 'gpt2-tiny', input_texts: ['Every cat', 'The dog'], seed: 7 }],
  [
    'a sample',
    { model: 'gpt2-tiny', generation_args: generation(3, { do_sample: true, temperature: 2, top_k: 5 }), seed: 3 },
  ],
  ['a forced text', { model: 'gpt2-tiny', input_texts: ['Every cat'], generated_texts: ['Every cat sees a dog'] }],
  [
    'a contrast, part of the text, words',
    {
      model: 'gpt2-tiny',
      input_texts: ['Every cat'],
      generated_texts: ['Every cat sees a small dog'],
      attributed_fn: contrast,
      step_scores: [contrast, { name: 'entropy', args: {} }],
      attr_pos_end: -1,
      aggregators: [
        { name: 'scores', args: {} },
        { name: 'words', args: {} },
      ],
    },
  ],
  ['a conversation', { model: 'chat', input_texts: [], messages: [[{ role: 'user', content: 'Every cat' }]] }],
  ['a translation', { model: 'm2m100-tiny', input_texts: ['The cat'], src_lang: 'en', tgt_lang: 'fr' }],
];

describe('the info of a result', () => {
  for (const [what, changes] of REQUESTS) {
    test(`its request, sent again as it stands, gives the same: ${what}`, async (t) => {
      const { app, jobs } = await startApp(t);
      jobs.catalogue = async () => engine.catalogue();
      const first = await run(changes);
      const response = await attribute(app, first.info.request);
      assert.equal(response.statusCode, 202, response.body);
      const again = await engine.attribute(attributeRequest(jobs, response.json().id), hooks());
      assert.deepEqual(again.result.sequences, first.sequences);
      const { seconds: _a, ...same } = first.info;
      const { seconds: _b, ...repeated } = again.result.info;
      assert.deepEqual(repeated, same);
    });

    test(`its texts are those that a request takes: ${what}`, async (t) => {
      const { app, jobs } = await startApp(t);
      jobs.catalogue = async () => engine.catalogue();
      const { info, sequences } = await run(changes);
      const names = Object.keys(AttributeBody.properties).filter(
        (name) => !['attributed_fn', 'webhook'].includes(name),
      );
      const fields = Object.entries(info).filter(([name, value]) => names.includes(name) && value !== null);
      const body = {
        ...Object.fromEntries(fields),
        attributed_fn: { name: info.attributed_fn, args: info.attributed_fn_args },
        ...(info.request.attribute_target === false && { attribute_target: false }),
      };
      const response = await attribute(app, body);
      assert.equal(response.statusCode, 202, response.body);
      const accepted = attributeRequest(jobs, response.json().id);
      assert.deepEqual(accepted.generated_texts, info.generated_texts);
      assert.equal(info.continuations.length, sequences.length);
      info.generated_texts.forEach((text, i) => {
        assert.ok(text?.endsWith(info.continuations[i] ?? '-'));
      });
    });
  }

  test('a logged conversation is explained as it is, and says what changed nothing', async (t) => {
    const { app, jobs } = await startApp(t);
    jobs.catalogue = async () => engine.catalogue();
    const user = { role: 'user', content: 'Every cat' };
    const choices = [{ index: 0, message: { role: 'assistant', content: ' sees a dog', refusal: null } }];
    const logged = { model: 'chat', messages: [user], temperature: 0.7, usage: { total_tokens: 9 }, choices };
    const { id } = (await attribute(app, logged)).json();
    const { result } = await engine.attribute(attributeRequest(jobs, id), hooks());
    const byHand = await run({ model: 'chat', input_texts: [], messages: [[user]], generated_texts: [' sees a dog'] });
    assert.deepEqual(result.sequences, byHand.sequences);
    assert.deepEqual(result.info.ignored_fields, ['temperature', 'usage']);
  });

  test('names the languages that count, asked for or not', async () => {
    const languages = async (changes: Partial<AttributeRequest>) => {
      const { info } = await run({ input_texts: ['The cat'], ...changes });
      return [info.src_lang, info.tgt_lang];
    };
    assert.deepEqual(await languages({ model: 'm2m100-tiny', src_lang: 'en', tgt_lang: 'fr' }), ['en', 'fr']);
    const [source] = await languages({ model: 'm2m100-tiny', tgt_lang: 'fr' });
    assert.equal(source, 'en');
    assert.equal((await languages({ model: 'nllb-tiny', tgt_lang: 'fra_Latn' }))[0], 'eng_Latn');
    assert.deepEqual(await languages({ model: 'marian-tiny' }), [null, null]);
    assert.deepEqual(await languages({ model: 'gpt2-tiny' }), [null, null]);
  });

  test('has exactly the fields of the contract, and the versions of all that computes', async () => {
    const known = new Set(Object.keys(ResultInfo.properties));
    const written = new Set<string>();
    const logged: Partial<AttributeRequest> = { model: 'gpt2-tiny', ignored_fields: ['user'] };
    const measured: Partial<AttributeRequest> = {
      model: 'gpt2-tiny',
      metrics: [{ name: 'comprehensiveness', args: { fraction: 0.2 } }],
    };
    for (const changes of [...REQUESTS.map(([, one]) => one), logged, measured]) {
      const { info } = await run(changes);
      for (const name of Object.keys(info)) written.add(name);
      for (const name of ResultInfo.required ?? []) assert.ok(name in info, name);
      const { versions, backend } = info;
      assert.equal('libtensorflow' in versions, backend === 'tensorflow');
      assert.equal(versions.tfjs, versions.backend);
    }
    assert.deepEqual(
      [...written].filter((name) => !known.has(name)),
      [],
    );
    assert.deepEqual(
      [...known].filter((name) => !written.has(name)),
      [],
    );
  });

  test('each generated token says with which token it was compared', async () => {
    const forced = { input_texts: ['Every cat'], generated_texts: ['Every cat sees a small dog'], model: 'gpt2-tiny' };
    for (const changes of [{ attributed_fn: contrast }, { step_scores: [contrast] }]) {
      const { sequences, info } = await run({ ...forced, ...changes });
      const [{ target, attr_pos_start: start }] = sequences;
      const [{ alignments, contrast_tokens, pairs }] = info.contrasts ?? [];
      assert.ok(target.slice(0, start).every((token) => token.contrast === undefined));
      const compared = target.slice(start);
      assert.ok(compared.length > 0);
      assert.deepEqual(
        compared.map((token) => [token.contrast?.position, token.contrast?.token]),
        alignments.map(([, position], t) => [position, contrast_tokens[t]]),
      );
      assert.deepEqual(
        pairs,
        compared.map(({ token }, t) => `${contrast_tokens[t]} → ${token}`),
      );
      assert.ok(compared.some(({ token }, t) => token !== contrast_tokens[t]));
    }
    const { sequences } = await run(forced);
    assert.ok(sequences[0].target.every((token) => token.contrast === undefined));
  });
});
