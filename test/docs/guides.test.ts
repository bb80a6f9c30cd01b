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
/** Numbers may differ by this: backends and processors round differently. */
const TOLERANCE = 0.012;

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
  a.forEach((word, i) => {
    const [x, y] = [Number(word), Number(b[i])];
    const same =
      Number.isNaN(x) || Number.isNaN(y) ? word === b[i] : Math.abs(x - y) <= TOLERANCE * Math.max(1, Math.abs(y));
    assert.ok(same, `${what}: "${word}", the guide says "${b[i]}"\n${found}`);
  });
}

/** Runs blocks in one shell or interpreter; the output of each. */
function execute(program: string[], separator: (i: number) => string, codes: string[], cwd: string): string[] {
  const script = codes.map((code, i) => `${code}\n${separator(i)}\n`).join('');
  const [command, ...args] = program;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    input: script,
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
        // Inseq needs PyTorch: its lines run only where it is installed.
        const inseq = spawnSync('python3', ['-c', 'import inseq']).status === 0;
        const run = python.filter(({ code }) => inseq || !/^import inseq/m.test(code));
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
    for (const name of ['facts.html', 'translation.html']) {
      const page = readFileSync(join(PROJECT, '.whence', name), 'utf8');
      assert.match(page, /^<!doctype html>/);
      assert.match(page, /<table/);
    }
  });
});

/** What `inseq.FeatureAttributionOutput.load` needs of a file. */
function assertInseqFile(file: string): void {
  assert.ok(existsSync(file));
  const { __instance_type__: type, attributes } = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual(type, ['inseq.data.attribution', 'FeatureAttributionOutput']);
  const [sequence] = attributes.sequence_attributions;
  assert.match(sequence.__instance_type__[1], /FeatureAttributionSequenceOutput$/);
  assert.ok(sequence.attributes.target_attributions.length > 0);
}
