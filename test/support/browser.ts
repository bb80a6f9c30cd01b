/** A real Chromium for tests of pages. */

import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../scripts/setup/browser.mjs';

const path: string | null = findBrowser();

/**
 * Why tests of pages are left out, for the option `skip`; false where they can run.
 * @throws Error under `CI`, where leaving them out would go unnoticed
 */
export function withoutBrowser(): string | false {
  if (path !== null) return false;
  if (process.env.CI) throw new Error('no browser was found: `apt-get install chromium`');
  return 'no Chromium on the PATH: `apt-get install chromium`';
}

export async function launchBrowser(): Promise<Browser> {
  assert.ok(path !== null);
  return chromium.launch({ executablePath: path });
}

export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};

/** A page whose errors, and whose requests to other hosts, are kept. */
export interface Watched {
  page: Page;
  errors: string[];
  foreign: string[];
}

export async function watchedPage(
  browser: Browser,
  host: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const foreign: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // What the service refuses on purpose is told in the console, too.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) errors.push(message.text());
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'blob:' && url.protocol !== 'data:' && url.host !== host) foreign.push(request.url());
  });
  return { page, errors, foreign };
}

/** Fails with what axe finds, in words. */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
  assert.deepEqual(found, [], where);
}
