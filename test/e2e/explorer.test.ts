/** The explorer and the pages of results in a real browser, on a real service. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type { Job } from '../../src/contract/job.ts';
import type { Result } from '../../src/contract/result.ts';
import { toHeatmap } from '../../src/results/heatmap.ts';
import { resultOf, smallSequence, tokensOf } from '../results/support.ts';
import {
  assertAccessible,
  launchBrowser,
  PHONE,
  type Watched,
  watchedPage,
  withoutBrowser,
} from '../support/browser.ts';
import { startUp, type Up } from '../support/up.ts';

const KEY = 'a-key-for-tests-that-is-long-enough';

describe('the explorer', { skip: withoutBrowser() }, () => {
  let up: Up;
  let browser: Browser;
  const watched: Watched[] = [];
  before(async () => {
    [up, browser] = await Promise.all([startUp(), launchBrowser()]);
  });
  after(async () => {
    await browser?.close();
    if (up !== undefined && up.process.exitCode === null) await up.stop();
  });

  async function open(query = '', options: Parameters<typeof watchedPage>[2] = {}): Promise<Page> {
    const opened = await watchedPage(browser, new URL(up.url).host, options);
    watched.push(opened);
    await opened.page.goto(`${up.url}/${query}`);
    return opened.page;
  }

  async function submit(body: object, wait = true): Promise<Job> {
    const headers = { 'content-type': 'application/json', ...(wait && { prefer: 'wait=60' }) };
    const response = await fetch(`${up.url}/attribute`, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as Job;
  }

  const sentence = (page: Page) => page.locator('.result .sentence');
  const unit = (page: Page, text: string) => page.locator('.unit', { hasText: new RegExp(`^${text}$`) });
  const FRANCE = { model: 'facts-gpt2', input_texts: 'The capital of France is' };

  it('leads from nothing to a picture in two steps, and to the same by its address', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Explain' }).click();
    await sentence(page).waitFor();
    assert.match(await sentence(page).innerText(), /^“Paris” came mostly from “France” \(\d\d %\)\.$/);
    assert.match((await unit(page, 'France').getAttribute('class')) ?? '', /\bp40\b/);
    const [first] = await page.locator('.bars li').allInnerTexts();
    assert.match(first, /^France/);
    assert.match(await page.locator('.alternatives').innerText(), /Paris/);
    const again = await open(new URL(page.url()).search);
    await sentence(again).waitFor();
    assert.equal(await sentence(again).innerText(), await sentence(page).innerText());
    assert.equal(await page.getByLabel('Text for the model to continue').inputValue(), FRANCE.input_texts);
  });

  it('previews what is pointed at, holds what is clicked, and keeps it in the address', async () => {
    const { id } = await submit(FRANCE);
    const page = await open(`?job=${id}`);
    await unit(page, 'France').hover();
    assert.match(await sentence(page).innerText(), /^“France” counted most for “Paris”/);
    await unit(page, '\\.').click();
    await unit(page, 'capital').hover();
    assert.match(await sentence(page).innerText(), /^“capital” counted most/);
    await page.locator('.hint').hover();
    assert.match(await sentence(page).innerText(), /^“\.” came/, 'what was clicked stays');
    await page.waitForURL(/pick=t6/);
    const again = await open(new URL(page.url()).search);
    await sentence(again).waitFor();
    assert.match(await sentence(again).innerText(), /^“\.” came/);
    await page.locator('.result .choice').getByText('Words').click();
    await page.waitForURL(/units=word/);
  });

  it('works by keyboard alone', async () => {
    const { id } = await submit(FRANCE);
    const page = await open(`?job=${id}`);
    await sentence(page).waitFor();
    await unit(page, 'The').focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Paris');
    await page.keyboard.press('Enter');
    assert.equal(await unit(page, 'Paris').getAttribute('aria-pressed'), 'true');
    await page.keyboard.press('Escape');
    assert.equal(await unit(page, 'Paris').getAttribute('aria-pressed'), 'false');
    await page.locator('td[data-at="0"]').focus();
    await page.keyboard.press('ArrowDown');
    assert.match(await page.locator('.readout').innerText(), /^capital → Paris 0\.1/);
    await page.keyboard.press('Enter');
    await page.waitForURL(/pick=t5,p1/);
  });

  it('says beside a field what is wrong with it', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByLabel('Most new tokens').fill('5000');
    await page.getByLabel('Method', { exact: true }).first().selectOption('integrated_gradients');
    await page.getByLabel('n steps').fill('0');
    await page.getByRole('button', { name: 'Explain' }).click();
    const wrong = (label: RegExp) => page.locator('.field.wrong', { hasText: label });
    assert.match(await wrong(/most new tokens/i).innerText(), /5000/);
    await page.getByLabel('Most new tokens').fill('5');
    await page.getByRole('button', { name: 'Explain' }).click();
    assert.match(await wrong(/n steps/i).innerText(), /got 0|≥ 1|at least 1/);
    assert.equal(await page.getByLabel('n steps').getAttribute('aria-invalid'), 'true');
    await assertAccessible(page, 'a form with errors');
  });

  it('asks why not something else, and compares two jobs', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByLabel('Answer to explain').fill('Paris');
    await page.getByLabel('Why not').fill('Rome');
    await page.getByRole('button', { name: 'Explain' }).click();
    await sentence(page).waitFor();
    assert.match(await sentence(page).innerText(), /^“Paris” rather than “Rome” came most/);
    const { id } = await submit({ ...FRANCE, method: 'occlusion' });
    const compared = await open(`?job=${new URL(page.url()).searchParams.get('job')}&with=${id}`);
    await compared.locator('.comparison').waitFor();
    assert.match(await compared.locator('h2.sentence').first().innerText(), /rank correlation −?[01]\.\d\d\.$/);
    await assertAccessible(compared, 'a comparison');
  });

  it('shows a job as it is computed, and cancels it', async () => {
    const input_texts = Array.from({ length: 64 }, (_, i) => `The capital of country ${i} is`);
    const { id } = await submit({ ...FRANCE, input_texts, method: 'lime', method_args: { n_samples: 10_000 } }, false);
    const page = await open(`?job=${id}`);
    await page.locator('progress').waitFor();
    const heatmap = await open(`jobs/${id}/heatmap`);
    assert.match(await heatmap.locator('main').innerText(), /being computed/);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('The job was canceled.').waitFor();
    await heatmap.getByText('was canceled').waitFor();
  });

  it('says how far to trust the scores, beside a random ranking', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByLabel('Most new tokens').fill('1');
    for (const name of ['Comprehensiveness', 'Deletion curve']) await page.getByLabel(name, { exact: true }).check();
    await page.getByRole('button', { name: 'Explain' }).click();
    const rows = page.locator('.trust tbody tr');
    await rows.first().waitFor();
    const id = new URL(page.url()).searchParams.get('job');
    const { sequences } = (await (await fetch(`${up.url}/jobs/${id}/result`)).json()) as Result;
    const [{ value, random }] = sequences[0].metrics?.values ?? [];
    assert.ok(value != null && random != null, `${value} and ${random}`);
    assert.match(await rows.first().innerText(), /^comprehensiveness\s+higher is better[\s\S]*\d/);
    assert.equal(await rows.first().getAttribute('class'), value > random ? 'beats' : 'fails');
    assert.equal(await page.locator('.trust polyline').count(), 2);
    await assertAccessible(page, 'metrics');
  });

  it('shows columns as they are finished', async () => {
    const input_texts = Array.from({ length: 64 }, (_, i) => `The capital of country ${i} is`);
    const method_args = { n_steps: 60 };
    const { id } = await submit({ ...FRANCE, input_texts, method: 'integrated_gradients', method_args }, false);
    const page = await open(`?job=${id}`);
    const columns = await page.waitForSelector('canvas.progress-columns', { timeout: 120_000 });
    assert.match((await columns.getAttribute('aria-label')) ?? '', /finished$/);
    await fetch(`${up.url}/jobs/${id}/cancel`, { method: 'POST' });
  });

  it('gives pictures, files and requests to take along', async () => {
    const { id } = await submit({ ...FRANCE, step_scores: ['probability'] });
    const page = await open(`?job=${id}`);
    await sentence(page).waitFor();
    const saved = async (name: string): Promise<Buffer> => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.locator('.take-along').getByText(name, { exact: true }).click(),
      ]);
      return readFileSync(await download.path());
    };
    assert.equal((await saved('PNG')).subarray(1, 4).toString(), 'PNG');
    const svg = (await saved('SVG')).toString();
    assert.match(svg, /^<svg [^>]*>[\s\S]*France[\s\S]*0\.577[\s\S]*<\/svg>\s*$/);
    assert.match((await saved('HTML')).toString(), /^<!doctype html>/);
    assert.match((await saved('CSV')).toString(), /^sequence,kind,/);
    assert.match((await saved('Inseq')).toString(), /__instance_type__/);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('.take-along').getByText('curl', { exact: true }).click();
    await page.getByText('is in the clipboard').waitFor();
    assert.match(
      await page.evaluate(() => navigator.clipboard.readText()),
      /^curl -s http.*"input_texts":"The capital of France is"/s,
    );
  });

  for (const [name, options] of [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['on a phone', PHONE],
    ['with forced colors', { forcedColors: 'active' }],
  ] as const) {
    it(`is accessible ${name}`, async () => {
      const { id } = await submit({ ...FRANCE, step_scores: ['probability', 'entropy'], top_alternatives: 3 });
      const page = await open('', options);
      await page.getByRole('button', { name: 'More' }).click();
      await assertAccessible(page, 'the question');
      for (const view of ['matrix', 'scores']) {
        await page.goto(`${up.url}/?job=${id}&view=${view}&pick=t5`);
        await sentence(page).waitFor();
        await assertAccessible(page, view);
      }
      await page.goto(`${up.url}/?jobs`);
      await page.locator('.list').waitFor();
      await assertAccessible(page, 'the jobs');
      await page.goto(`${up.url}/jobs/${id}/heatmap`);
      await assertAccessible(page, 'the page of a result');
      const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(content <= window, 'nothing sticks out to the side');
    });
  }

  it('shows the number of a cell that is tapped', async () => {
    const { id } = await submit(FRANCE);
    const page = await open(`jobs/${id}/heatmap`, PHONE);
    await page.locator('td[data-at]').nth(3).tap();
    assert.match(await page.locator('.readout').innerText(), /→ \S+ 0\.\d+/);
    await page.locator('.hint').tap();
    assert.match(await page.locator('.readout').innerText(), /→ \S+ 0\.\d+/, 'it stays');
    assert.match(page.url(), /#t\d,p\d$/);
  });

  it('prints all texts of a batch, and how they were computed', async () => {
    const { id } = await submit({ ...FRANCE, input_texts: ['The capital of France is', 'The capital of Italy is'] });
    const page = await open(`jobs/${id}/heatmap`);
    assert.equal(await page.locator('article').count(), 1);
    await page.emulateMedia({ media: 'print' });
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    assert.deepEqual(await page.locator('.texts .label').allInnerTexts(), ['TEXT 1 OF 2', 'TEXT 2 OF 2']);
    assert.match(await page.locator('article').nth(1).innerText(), /Italy/);
    assert.ok(await page.locator('.facts dl').first().isVisible());
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    assert.equal(await page.locator('article').count(), 1);
    assert.ok(!(await page.locator('.facts dl').first().isVisible()));
  });

  it('shows layers, and a conversation by turns', async () => {
    const method_args = { target_layer: 'h.*.mlp' };
    const { id } = await submit({ ...FRANCE, method: 'layer_gradient_x_activation', method_args });
    const page = await open(`?job=${id}`);
    await page.getByText('Layers of').waitFor();
    assert.deepEqual(await page.locator('.matrix thead th').allInnerTexts(), ['0', '1', '2', '3']);
  });

  it('asks about documents, and shows what each part of the answer came from', async () => {
    const page = await open();
    await page.getByText('sources-llama', { exact: true }).click();
    await page.getByLabel('Question about the documents').fill('Where does Ana live?');
    await page.getByRole('button', { name: 'Explain' }).click();
    await sentence(page).waitFor();
    assert.match(
      await sentence(page).innerText(),
      /^“Ana lives in Oslo\.” came mostly from “Ana lives in Oslo\.” \(\d+ %\)/,
    );
    const source = page.locator('.unit[data-side="source"]', { hasText: 'Ana lives in Oslo.' });
    assert.match((await source.getAttribute('class')) ?? '', /\bp40\b/);
    await source.click();
    assert.match(await sentence(page).innerText(), /^“Ana lives in Oslo\.” counted most for “Ana lives in Oslo\.”/);
    await page.locator('.cited').first().click();
    await page.waitForURL(/pick=t0$/);
    assert.match(await page.locator('.citations li').first().innerText(), /support [\d.]+ nats/);
    await assertAccessible(page, 'an answer about documents');
    await page.getByRole('button', { name: 'curl' }).click();
    await page.getByLabel('Found by ablation. Look again by').selectOption('tokens');
    await page.waitForURL((url) => !url.search.includes('pick'));
    await page.getByText('By the scores of tokens, summed').waitFor();
    for (const options of [PHONE, { colorScheme: 'dark' }] as const) {
      const other = await open(new URL(page.url()).search, options);
      await sentence(other).waitFor();
      await assertAccessible(other, `an answer about documents, ${JSON.stringify(options)}`);
      const overflow = await other.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} px beyond the width`);
    }
  });

  it('shows the documents and a context on a page of their own', async () => {
    const headers = { 'content-type': 'application/json', prefer: 'wait=60' };
    const ask = async (body: object) => {
      const response = await fetch(`${up.url}/attribute-context`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return ((await response.json()) as Job).id;
    };
    const documents = [{ text: 'Ana lives in Oslo. Ben has a cat.' }];
    const messages = [{ role: 'user', content: 'Where does Ana live?' }];
    const about = await ask({ model: 'sources-llama', documents, messages, approach: 'pecore' });
    const page = await open(`jobs/${about}/heatmap`);
    await page.getByText('Tokens and their cues').click();
    await page.locator('.unit.answer').first().hover();
    assert.match(await sentence(page).innerText(), /came most/);
    await assertAccessible(page, 'tokens and their cues');
    const context = { input_context_text: 'The capital of Peru is Lima.', input_current_text: FRANCE.input_texts };
    const alone = await open(`jobs/${await ask({ model: 'facts-gpt2', ...context })}/heatmap`);
    assert.match(await sentence(alone).innerText(), /depends on the context|came most/);
  });

  it('has had no errors, and asked no other host', () => {
    assert.ok(watched.length > 10);
    assert.deepEqual(
      watched.flatMap(({ errors }) => errors),
      [],
    );
    assert.deepEqual(
      watched.flatMap(({ foreign }) => foreign),
      [],
    );
  });
});

describe('the explorer with a key that may only read', { skip: withoutBrowser() }, () => {
  it('shows results, and says why nothing can be asked', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whence-keys-'));
    const file = join(folder, 'keys.json');
    const sha256 = createHash('sha256').update(KEY).digest('hex');
    writeFileSync(file, JSON.stringify({ keys: [{ name: 'reader', sha256, scopes: ['read'] }] }), { mode: 0o600 });
    const [up, browser] = await Promise.all([startUp({ WHENCE_KEYS_FILE: file }), launchBrowser()]);
    try {
      const { page } = await watchedPage(browser, new URL(up.url).host, {});
      await page.goto(`${up.url}/`);
      await page.locator('input[name=key]').fill(KEY);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('The key “reader” may read results').waitFor();
      assert.ok(await page.getByRole('button', { name: 'Explain' }).isDisabled());
      await assertAccessible(page, 'a key that may only read');
    } finally {
      await browser.close();
      await up.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('pages of results', { skip: withoutBrowser() }, () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), 'whence-pages-'));
  before(async () => {
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function openFile(name: string, html: string): Promise<Page> {
    const file = join(folder, name);
    writeFileSync(file, html);
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(pathToFileURL(file).href);
    return page;
  }

  /** 1,000 tokens, 200 of them generated. */
  function large(): string {
    const [rows, columns] = [1_000, 200];
    const start = rows - columns;
    const target = tokensOf(...Array.from({ length: rows }, (_, i) => ` token${i}`));
    const score = (i: number, t: number) => ((i * 7919 + t * 104_729) % 1_000) ** 4 / 1e12;
    const target_attributions = target.map((_, i) =>
      Array.from({ length: columns }, (_, t) => (i < start + t ? score(i, t) : null)),
    );
    const sequence = { target, attr_pos_start: start, attr_pos_end: rows, target_attributions, step_scores: {} };
    return toHeatmap(resultOf(smallSequence(sequence)));
  }

  /** A task of the page longer than this is felt. */
  const LONGEST_TASK_MS = 50;

  it('scroll smoothly through 1,000 by 200 scores, with nothing in the document for what is not on screen', async () => {
    const page = await openFile('large.html', large());
    const frame = page.locator('.scroll.canvas');
    await frame.scrollIntoViewIfNeeded();
    assert.equal(await frame.locator('*').count(), 2, 'a canvas, and what gives the frame its size');
    await frame.hover();
    await browser.startTracing(page, {
      categories: ['devtools.timeline', 'toplevel', 'disabled-by-default-devtools.timeline'],
    });
    for (let scrolled = 0; scrolled < 10_000; scrolled += 250) {
      await page.mouse.wheel(scrolled % 1_000 === 0 ? 100 : 0, 250);
      await page.waitForTimeout(16);
    }
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    assert.ok((await frame.evaluate((element) => element.scrollTop)) > 8_000);
    const tasks = mainThreadTasks(traceEvents);
    assert.ok(tasks.length > 100, `${tasks.length} tasks`);
    // Time of the processor, where it is known: on a busy machine a task also waits for its turn.
    const longest = Math.max(...tasks.map(({ tdur, dur }) => (tdur ?? dur ?? 0) / 1_000));
    assert.ok(longest <= LONGEST_TASK_MS, `the longest task took ${longest} ms`);
  });

  it('can be pointed at and moved through where they are large', async () => {
    const page = await openFile('large.html', large());
    const frame = page.locator('.scroll.canvas');
    await frame.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    assert.match(await page.locator('.readout').innerText(), /^token\d+ → token801/);
    await frame.hover({ position: { x: 300, y: 200 } });
    assert.match(await page.locator('.readout').innerText(), /^token\d+ → token8\d\d/);
  });

  it('open a long text where the answer begins', async () => {
    const page = await openFile('large.html', large());
    const visible = await page
      .locator('.unit.answer')
      .first()
      .evaluate((element) => {
        const frame = element.closest('.reading')?.getBoundingClientRect();
        const { top } = element.getBoundingClientRect();
        return frame !== undefined && top > frame.top && top < frame.bottom;
      });
    assert.ok(visible);
  });

  it('stand in other pages without either restyling the other', async () => {
    const { toFragment } = await import('../../src/results/heatmap.ts');
    const fragment = toFragment(resultOf(smallSequence()));
    const page = await openFile(
      'notebook.html',
      `<!doctype html><style>span,td,th,h2{color:rgb(1,2,3)!important;display:block!important;font-size:99px}</style>
       <h2 id="host">Notebook</h2><table id="own"><tr><td>1</td></tr></table>${fragment}`,
    );
    const sizeOf = (selector: string) =>
      page.locator(selector).evaluate((element) => getComputedStyle(element).fontSize);
    const inner = await page
      .locator('whence-result .unit')
      .first()
      .evaluate((element) => getComputedStyle(element).display);
    assert.deepEqual([await sizeOf('#host'), await sizeOf('#own td'), inner], ['99px', '99px', 'inline']);
    assert.equal(await page.locator('whence-result .unit').count(), 4);
  });

  it('can be read without scripts', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.setContent(toHeatmap(resultOf(smallSequence())));
    assert.match(await page.locator('.sentence').innerText(), /came most from/);
    assert.equal(await page.locator('td.p40').innerText(), '0.750');
  });
});

interface TraceEvent {
  name: string;
  ph: string;
  tid: number;
  pid: number;
  dur?: number;
  tdur?: number;
  args: { name?: string };
}

/** Tasks of the renderers' main threads. */
function mainThreadTasks(events: TraceEvent[]): TraceEvent[] {
  const threads = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const keys = new Set(threads.map(({ pid, tid }) => `${pid} ${tid}`));
  return events.filter(({ name, ph, pid, tid }) => {
    return ph === 'X' && keys.has(`${pid} ${tid}`) && /RunTask$/.test(name);
  });
}
