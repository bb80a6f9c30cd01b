/** Swagger UI: every example of the served document runs as it stands, and the page sends one. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Job } from '../../src/contract/job.ts';
import { launchBrowser, withoutBrowser } from '../support/browser.ts';
import { startUp, type Up } from '../support/up.ts';

interface Body {
  content: Record<string, { examples?: Record<string, { value: unknown }> }>;
}
interface Document {
  paths: Record<string, Record<string, { requestBody?: Body }>>;
}

describe('the documentation', () => {
  let up: Up;
  before(async () => {
    up = await startUp();
  });
  after(() => up?.stop());

  it('has examples that succeed', async () => {
    const { paths } = (await (await fetch(`${up.url}/openapi.json`)).json()) as Document;
    let run = 0;
    for (const [path, { post }] of Object.entries(paths)) {
      for (const [type, { examples = {} }] of Object.entries(post?.requestBody?.content ?? {})) {
        for (const [name, { value }] of Object.entries(examples)) {
          const body = typeof value === 'string' ? value : JSON.stringify(value);
          const headers = { 'content-type': type, prefer: 'wait=60' };
          const response = await fetch(`${up.url}${path}`, { method: 'POST', headers, body });
          const answer = (await response.json()) as Pick<Job, 'id' | 'status' | 'error'>;
          assert.ok(response.ok, `${path} ${name}: ${response.status} ${JSON.stringify(answer)}`);
          if (path === '/batches') await assertBatch(answer.id);
          else assert.equal(answer.status, 'succeeded', `${path} ${name}: ${JSON.stringify(answer.error)}`);
          run++;
        }
      }
    }
    assert.ok(run >= 9, `${run} examples`);
  });

  async function assertBatch(id: string): Promise<void> {
    const lines = (await (await fetch(`${up.url}/batches/${id}/results`)).text()).trim().split('\n');
    for (const line of lines) assert.equal(JSON.parse(line).status, 'succeeded', line);
  }

  it('sends an example from the page', { skip: withoutBrowser() }, async () => {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(`${up.url}/docs`);
      const operation = page.locator('.opblock-post', { hasText: '/attribute' }).first();
      await operation.locator('.opblock-summary-control').first().click();
      await operation.getByRole('button', { name: 'Execute' }).click();
      const status = operation.locator('.live-responses-table .response-col_status').last();
      await status.waitFor();
      assert.match(await status.innerText(), /^20[02]/);
    } finally {
      await browser.close();
    }
  });
});
