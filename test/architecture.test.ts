/**
 * The rooms of src/ and which may import from which. A room stands above those that it uses, so that nothing goes up and
 * nothing goes round; the linter forbids circles of files. What is new gets its place in this table first.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** From top to bottom. Everybody may use `contract` and `ground`; "(types)" allows imports of types alone. */
const ROOMS: Record<string, readonly string[]> = {
  cli: ['supervisor', 'worker', 'api', 'checkpoints'],
  supervisor: ['checkpoints'],
  worker: ['engine (types)', 'batches', 'jobs', 'webhooks'],
  api: ['batches', 'requests', 'quotes', 'jobs', 'webhooks', 'results', 'view', 'tokenizers', 'validation'],
  engine: [
    'alignment',
    'results',
    'attribution',
    'attribution/aggregation',
    'attribution/sources',
    'attribution/step-functions (types)',
    'attribution/passes',
    'attribution/basics',
    'generation',
    'models',
    'batching',
    'tokenizers',
    'checkpoints',
    'tensors',
    'validation',
  ],
  alignment: [
    'attribution/step-functions (types)',
    'attribution/basics',
    'models',
    'nn',
    'tokenizers',
    'checkpoints',
    'tensors',
  ],
  batches: ['requests', 'jobs', 'validation'],
  requests: ['webhooks', 'tokenizers', 'validation'],
  quotes: ['tokenizers (types)'],
  webhooks: ['jobs (types)'],
  jobs: [],
  results: ['view', 'attribution/basics (types)', 'tokenizers'],
  explorer: ['view'],
  view: ['tokenizers'],
  'attribution/metrics': ['attribution/basics'],
  'attribution/aggregation': ['attribution', 'attribution/basics', 'validation'],
  'attribution/methods': [
    'attribution',
    'attribution/step-functions',
    'attribution/passes',
    'attribution/basics',
    'models',
    'nn',
    'tensors',
    'validation',
  ],
  attribution: [
    'attribution/step-functions',
    'attribution/passes',
    'attribution/basics',
    'models (types)',
    'batching',
    'tensors',
    'validation',
  ],
  'attribution/sources': [
    'attribution/step-functions',
    'attribution/passes (types)',
    'attribution/basics',
    'models',
    'batching (types)',
    'nn',
    'tensors',
  ],
  'attribution/step-functions': ['attribution/passes (types)', 'attribution/basics', 'tensors'],
  'attribution/passes': ['attribution/basics', 'models', 'batching', 'nn', 'tensors'],
  'attribution/basics': ['nn (types)', 'tensors (types)', 'validation'],
  generation: ['models', 'batching', 'nn', 'checkpoints', 'tensors'],
  models: ['batching (types)', 'nn', 'checkpoints', 'tensors'],
  batching: [],
  tokenizers: ['checkpoints'],
  nn: ['tensors'],
  checkpoints: ['validation'],
  tensors: [],
  validation: [],
  contract: [],
  ground: [],
};

const ORDER = Object.keys(ROOMS);
/** Files at the root of attribution/ that everything in it stands on. */
const BASICS =
  /^attribution\/(arguments|errors|load-members|metric|scores|sides|spans|step-function|text-segments)\.ts$/;
const SOURCES = fileURLToPath(new URL('../src/', import.meta.url));

function roomOf(file: string): string {
  if (!file.includes('/')) return 'ground';
  if (BASICS.test(file)) return 'attribution/basics';
  const [room, inner, ...below] = file.split('/');
  return room === 'attribution' && below.length > 0 ? `${room}/${inner}` : room;
}

interface Import {
  from: string;
  to: string;
  isType: boolean;
}

const IMPORT = /^(?:import|export)\s+(type\s+)?[^;]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gm;

function imports(): Import[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
  return files.flatMap((from) =>
    [...readFileSync(join(SOURCES, from), 'utf8').matchAll(IMPORT)].map(([, type, path, lazy]) => ({
      from,
      to: posix.join(dirname(from), path ?? lazy),
      isType: type !== undefined,
    })),
  );
}

function isAllowed({ from, to, isType }: Import): boolean {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === other || other === 'ground' || (other === 'contract' && room !== 'ground')) return true;
  return ROOMS[room].includes(other) || (isType && ROOMS[room].includes(`${other} (types)`));
}

test('each room stands above those that it uses', () => {
  for (const [room, others] of Object.entries(ROOMS)) {
    for (const other of others) {
      const below = ORDER.indexOf(other.replace(' (types)', ''));
      assert.ok(below > ORDER.indexOf(room), `${room} → ${other}`);
    }
  }
});

test('every import is allowed', () => {
  const all = imports();
  assert.ok(all.length > 500, `only ${all.length} imports were found`);
  for (const room of new Set(all.map(({ from }) => roomOf(from)))) {
    assert.ok(room in ROOMS, `the room "${room}" has no place in the table of this test`);
  }
  const forbidden = all.filter((one) => !isAllowed(one));
  const arrows = forbidden.map(({ from, to }) => `${from} → ${to} (${roomOf(from)} → ${roomOf(to)})`);
  assert.deepEqual(arrows, []);
});

test('a module of another process or thread is named so that the compiler finds it', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  for (const file of files) {
    const named = readFileSync(join(SOURCES, file), 'utf8').match(
      /\.ts['"`][^;\n]*import\.meta\.(url|resolve|dirname)/g,
    );
    for (const text of named ?? []) assert.match(text, /^\.ts', import\.meta\.url$/, file);
  }
});
