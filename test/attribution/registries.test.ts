import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { FUNCTION_NAMES } from '../../src/attribution/aggregation/functions.ts';
import { AGGREGATORS } from '../../src/attribution/aggregation/registry.ts';
import { loadFolder, registerMembers } from '../../src/attribution/load-members.ts';
import { loadRegistries } from '../../src/attribution/registries.ts';
import type { StepContext } from '../../src/attribution/step-function.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';

/** A step function in plain JavaScript, as an operator may write it. */
const plugin = (fields: Record<string, string>): string => {
  const all = {
    id: '"doubled_logit"',
    name: '"Doubled logit"',
    description: '"Twice the logit."',
    paper: 'null',
    argsSchema: '{ type: "object", properties: {}, additionalProperties: false }',
    differentiable: 'true',
    spanAggregation: '"sum"',
    prepare: '() => () => null',
    ...fields,
  };
  return `export default {${Object.entries(all).map(([name, value]) => `${name}: ${value}`)}};`;
};

const isFunction = (id: string): boolean => (FUNCTION_NAMES as string[]).includes(id);

describe('registries', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'whence-plugins-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };

  it('hold every module of their folders, sorted by id, and nothing else', async () => {
    const { stepFunctions, methods } = await loadRegistries();
    for (const [kind, members] of [
      ['methods', methods],
      ['step-functions', stepFunctions],
      ['aggregation/aggregators', new Map([...AGGREGATORS].filter(([id]) => !isFunction(id)))],
    ] as const) {
      const files = readdirSync(new URL(`../../src/attribution/${kind}/`, import.meta.url));
      const ids = files.filter((file) => file.endsWith('.ts')).map((file) => file.replace('.ts', ''));
      assert.deepEqual([...members.keys()], ids.sort());
      for (const [id, { argsSchema }] of members) {
        assert.equal((argsSchema as { additionalProperties?: boolean }).additionalProperties, false, id);
      }
    }
    assert.ok(FUNCTION_NAMES.every((name) => AGGREGATORS.has(name)));
  });

  it('refuse a module of their folder whose id is not its name', async () => {
    const named = pathToFileURL(`${mkdtempSync(join(folder, 'named-'))}/`);
    writeFileSync(new URL('other_name.mjs', named), plugin({}));
    const kind = { noun: 'step function', marker: 'id', check: () => null } as const;
    const loaded = await loadFolder(named);
    assert.throws(() => registerMembers<{ id: string }>(kind, loaded), {
      name: 'RegistryError',
      message: /step function .*other_name\.mjs cannot be used: its id must be its file's name, "other_name"/,
    });
  });

  it("add operators' modules", async () => {
    const { stepFunctions, methods } = await loadRegistries([write('doubled.mjs', plugin({}))]);
    assert.equal(stepFunctions.get('doubled_logit')?.name, 'Doubled logit');
    assert.equal(methods.has('doubled_logit'), false);
    const { stepFunctions: own } = await loadRegistries();
    assert.equal(stepFunctions.size, own.size + 1);
  });

  it('add the example of the repository, which works', async () => {
    const { stepFunctions } = await loadRegistries(['examples/plugins/token_rank.ts']);
    const rank = stepFunctions.get('token_rank');
    assert.ok(rank);
    await startBackend('wasm');
    const scorer = await rank.prepare({} as StepContext, {});
    assert.ok(typeof scorer === 'function');
    const logits = tf.tensor2d([3, 1, 2, 5, 5, 4], [2, 3]);
    const ranks = scorer({ logits, steps: Int32Array.of(0, 1), targets: Int32Array.of(2, 0) });
    assert.deepEqual([...ranks.dataSync()], [2, 2]);
  });

  const refused: [string, string, RegExp][] = [
    ['taken.mjs', plugin({ id: '"logit"' }), /step function "logit" is defined twice, in .*logit\.ts and .*taken\.mjs/],
    ['noid.mjs', plugin({ id: 'undefined' }), /noid\.mjs cannot be used: its id must be .* but is missing/],
    ['badid.mjs', plugin({ id: '"My Function"' }), /its id must be lower-case words .* but is "My Function"/],
    [
      'span.mjs',
      plugin({ spanAggregation: '"mean"' }),
      /spanAggregation must be one of prod, sum, absmax, but is "mean"/,
    ],
    ['flag.mjs', plugin({ differentiable: '1' }), /its differentiable must be a boolean, but is 1/],
    [
      'other.mjs',
      'export default { id: "other" };',
      /other\.mjs cannot be used as a plug-in: .*"prepare".*"attribute"/,
    ],
    ['empty.mjs', 'export const x = 1;', /empty\.mjs cannot be used as a plug-in/],
    ['broken.mjs', 'export default {', /broken\.mjs cannot be loaded: /],
  ];
  for (const [name, text, message] of refused) {
    it(`refuse ${name}`, () => assert.rejects(loadRegistries([write(name, text)]), { name: 'RegistryError', message }));
  }

  it('refuse a module that is not there, by its path', async () => {
    const missing = join(folder, 'missing.mjs');
    await assert.rejects(loadRegistries([missing]), {
      name: 'RegistryError',
      message: /missing\.mjs cannot be loaded/,
    });
  });
});
