/** The guides tell the truth: their commands run as they stand against a real `whence up`, and print what they say. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PROJECT, startUp, type Up } from '../support/up.ts';

const FOLDER = join(PROJECT, 'docs', 'guides');
/** Where the guides expect the service. */
const DEFAULT_URL = 'http://127.0.0.1:3000';
/**
 * How far a number with decimals may be from the guide's, whichever is most, or one in its last place: backends and
 * processors round differently, and int8 activations make steps of that.
 */
const TOLERANCE = { absolute: 0.012, relative: 0.03, ofLargest: 0.005 };

interface Block {
  language: string;
  code: string;
}

function blocksOf(guide: string): Block[] {
  const text = readFileSync(join(FOLDER, guide), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({ language, code }));
}

/** Each block that is run, with the text block right after it: what it prints. */
function runs(blocks: Block[], language: string): { code: string; printed: string | null }[] {
  return blocks.flatMap((block, i) => {
    if (block.language !== language) return [];
    const next = blocks[i + 1];
    return [{ code: block.code, printed: next?.language === 'text' ? next.code : null }];
  });
}

/** The same words in the same order, numbers within the tolerance. */
function assertPrinted(found: string, expected: string, what: string): void {
  const words = (text: string): string[] => text.trim().split(/\s+/);
  const [a, b] = [words(found), words(expected)];
  assert.equal(a.length, b.length, `${what} printed\n${found}\nand the guide says\n${expected}`);
  const largest = Math.max(0, ...b.filter((word) => /^[-+]?\d+\.\d/.test(word)).map((word) => Math.abs(Number(word))));
  a.forEach((word, i) => {
    const [x, y] = [Number(word), Number(b[i])];
    const same = Number.isNaN(x) || Number.isNaN(y) ? word === b[i] : Math.abs(x - y) <= allowance(b[i], largest);
    assert.ok(same, `${what}: "${word}", the guide says "${b[i]}"\n${found}`);
  });
}

/** By how much the service's number may differ from the guide's, `largest` being its block's; counts may not. */
function allowance(text: string, largest: number): number {
  if (/^[-+]?\d+$/.test(text)) return 0;
  const decimals = /\.(\d+)$/.exec(text)?.[1].length ?? Number.POSITIVE_INFINITY;
  const { absolute, relative, ofLargest } = TOLERANCE;
  return Math.max(absolute, relative * Math.abs(Number(text)), ofLargest * largest, 1.01 * 10 ** -decimals);
}

/** Runs blocks in one shell or interpreter; the output of each. */
function execute(program: string[], separator: (i: number) => string, codes: string[], cwd: string): string[] {
  const script = codes.map((code, i) => `${code}\n${separator(i)}\n`).join('');
  const [command, ...args] = program;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    input: script,
    env: { ...process.env, PYTHONPATH: join(PROJECT, 'clients', 'python', 'src'), PYTHONDONTWRITEBYTECODE: '1' },
    encoding: 'utf8',
    timeout: 300_000,
  });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  return stdout.split(/^=== end of block \d+ ===\n/m);
}

const guides = readdirSync(FOLDER).filter((name) => name.endsWith('.md'));

it('there are guides', () => assert.ok(guides.length >= 4));

describe('guides against a real instance', () => {
  let up: Up;
  const here = (text: string): string => text.replaceAll(DEFAULT_URL, up.url);
  before(async () => {
    mkdirSync(join(PROJECT, '.whence'), { recursive: true });
    up = await startUp();
  });
  after(() => up.stop());

  for (const guide of guides) {
    const shell = runs(blocksOf(guide), 'sh');
    if (shell.length > 0) {
      it(`${guide}: the commands print what it says`, () => {
        const codes = shell.map(({ code }) => here(code));
        const end = (i: number): string => `echo "=== end of block ${i} ==="`;
        const printed = execute(['bash', '-euo', 'pipefail'], end, codes, PROJECT);
        shell.forEach(({ printed: expected }, i) => {
          if (expected !== null) assertPrinted(printed[i], here(expected), `block ${i + 1}`);
        });
      });
    }
    const python = runs(blocksOf(guide), 'python');
    if (python.length > 0) {
      it(`${guide}: the Python runs`, (t) => {
        if (spawnSync('python3', ['--version']).status !== 0) return t.skip('there is no python3');
        // Inseq needs PyTorch, and NumPy is no part of Python: their lines run only where they are installed.
        const missing = ['inseq', 'numpy'].filter(
          (name) => spawnSync('python3', ['-c', `import ${name}`]).status !== 0,
        );
        const run = python.filter(({ code }) => !missing.some((name) => new RegExp(`^import ${name}`, 'm').test(code)));
        const folder = mkdtempSync(join(tmpdir(), 'whence-guide-'));
        try {
          const end = (i: number): string => `print("=== end of block ${i} ===")`;
          const printed = execute(
            ['python3', '-'],
            end,
            run.map(({ code }) => here(code)),
            folder,
          );
          run.forEach(({ printed: expected }, i) => {
            if (expected !== null) assertPrinted(printed[i], expected, `block ${i + 1}`);
          });
          assertInseqFile(join(folder, 'attribution.json'));
        } finally {
          rmSync(folder, { recursive: true });
        }
      });
    }
  }

  it('the pictures that the guides write are pages', () => {
    for (const name of ['one-fact.html', 'facts.html', 'facts-signed.html', 'translation.html']) {
      const page = readFileSync(join(PROJECT, '.whence', name), 'utf8');
      assert.match(page, /^<!doctype html>/);
      assert.match(page, /<table/);
    }
  });
});

interface Instance {
  __instance_type__: [string, string];
  attributes: Record<string, unknown>;
}

/** What `inseq.FeatureAttributionOutput.load` (0.7.1) needs of a file: classes, tokens, tensors that fit them, info. */
function assertInseqFile(file: string): void {
  assert.ok(existsSync(file));
  const output = JSON.parse(readFileSync(file, 'utf8')) as Instance;
  assert.deepEqual(output.__instance_type__, ['inseq.data.attribution', 'FeatureAttributionOutput']);
  const { info, sequence_attributions: sequences, ...rest } = output.attributes;
  assert.deepEqual(rest, { step_attributions: null });
  const { attribution_method, attributed_fn, step_scores, input_texts } = info as Record<string, unknown>;
  assert.deepEqual(
    [attribution_method, attributed_fn, step_scores, input_texts],
    ['input_x_gradient', 'probability_fn', ['probability'], ['The capital of France is']],
  );
  const [{ __instance_type__: type, attributes: sequence }] = sequences as Instance[];
  assert.equal(type[0], 'inseq.data.attribution');
  assert.match(type[1], /^(Granular|Coarse|MultiDimensional)?FeatureAttributionSequenceOutput$/);
  const target = sequence.target as Instance[];
  for (const token of target) {
    assert.deepEqual(token.__instance_type__, ['inseq.utils.typing', 'TokenWithId']);
    assert.deepEqual(Object.keys(token.attributes).sort(), ['id', 'token']);
  }
  const { attr_pos_start: start, attr_pos_end: end } = sequence as { attr_pos_start: number; attr_pos_end: number };
  assert.equal(target[start].attributes.token, 'ĠParis');
  assert.deepEqual(tensorShape(sequence.target_attributions), [target.length, end - start]);
  const { probability } = sequence.step_scores as Record<string, unknown>;
  assert.deepEqual(tensorShape(probability), [end - start]);
}

/** The shape of a tensor in base64 safetensors, whose one tensor must be as long as its shape says. */
function tensorShape(text: unknown): number[] {
  const bytes = Buffer.from(String(text), 'base64');
  const length = Number(bytes.readBigUInt64LE(0));
  const { attribution } = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  assert.equal(attribution.dtype, 'F32');
  const elements = attribution.shape.reduce((product: number, size: number) => product * size, 1);
  assert.equal(bytes.length, 8 + length + 4 * elements);
  return attribution.shape;
}
