/** Agents: the tools at `/mcp`, by the SDK's own client against a real service with an API key. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startUp, type Up } from '../support/up.ts';

const KEY = 'a-key-of-the-agents';

interface Answer {
  text: string;
  generated: { token: string; probability: number; sources: { token: string; score: number }[] }[];
  heatmap: string;
}

interface ContextAnswer {
  answer: string;
  citations: { unsupported: boolean; sources: { document_id: string; text: string }[] }[];
}

describe('/mcp', () => {
  let up: Up;
  before(async () => {
    up = await startUp({ WHENCE_MCP: 'true', WHENCE_API_KEYS: KEY });
  });
  after(() => up.stop());

  async function connect(key: string, mode: 'auto' | 'legacy'): Promise<Client> {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    const requestInit = { headers: { authorization: `Bearer ${key}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${up.url}/mcp`), { requestInit }));
    return client;
  }

  for (const mode of ['auto', 'legacy'] as const) {
    it(`has the tools, and answers with the strongest tokens (protocol: ${mode})`, async () => {
      const client = await connect(KEY, mode);
      const { tools } = await client.listTools();
      assert.deepEqual(
        tools.map(({ name }) => name),
        ['attribute', 'explain_difference', 'attribute_context'],
      );
      const ask = { model: 'facts-gpt2', prompt: 'The capital of France is' };
      const generated = await client.callTool({ name: 'attribute', arguments: { ...ask, max_new_tokens: 1 } });
      const answer = generated.structuredContent as unknown as Answer;
      assert.equal(answer.text, ' Paris');
      assert.equal(answer.generated[0].sources[0].token.trim(), 'France');
      assert.ok(answer.generated[0].probability > 0.5);
      const [{ text }] = generated.content as { text: string }[];
      assert.match(text, /" Paris" \(probability 0\.\d+|1\.000\) <- " France" 0\.\d+/);
      const shared = await fetch(new URL(answer.heatmap, up.url), { headers: { accept: 'text/html' } });
      assert.match(await shared.text(), /^<!doctype html>/, 'the link needs no key');
      const difference = await client.callTool({
        name: 'explain_difference',
        arguments: { ...ask, answer: 'Paris', instead: 'Rome' },
      });
      const [first] = (difference.structuredContent as unknown as Answer).generated;
      assert.equal(first.token, ' Paris');
      const france = first.sources.find(({ token }) => token === ' France');
      assert.ok(france !== undefined && france.score > 0.3, JSON.stringify(first.sources));
      await client.close();
    });
  }

  it('translates, too', async () => {
    const client = await connect(KEY, 'auto');
    const { structuredContent } = await client.callTool({
      name: 'explain_difference',
      arguments: {
        model: 'numbers-m2m100',
        prompt: 'forty-two',
        answer: 'zweiundvierzig',
        instead: 'dreiundvierzig',
        src_lang: 'en',
        tgt_lang: 'de',
      },
    });
    const { generated } = structuredContent as unknown as Answer;
    assert.ok(generated.some(({ sources }) => sources.length > 0));
    await client.close();
  });

  it('finds the sources of an answer', async () => {
    const client = await connect(KEY, 'auto');
    const documents = [
      { id: 'staff', text: 'Ana lives in Oslo. Ben works for Carla.' },
      { id: 'visit', text: 'Dora was born in Lima.' },
    ];
    const { structuredContent, content } = await client.callTool({
      name: 'attribute_context',
      arguments: {
        model: 'sources-llama',
        documents,
        query: 'Where does Ana live?',
        answer: 'Ana lives in Oslo.',
        approach: 'leave_one_out',
      },
    });
    const { answer, citations } = structuredContent as unknown as ContextAnswer;
    assert.equal(answer, 'Ana lives in Oslo.');
    const [{ sources, unsupported }] = citations;
    assert.equal(unsupported, false);
    assert.deepEqual([sources[0].document_id, sources[0].text], ['staff', 'Ana lives in Oslo.']);
    const [{ text }] = content as { text: string }[];
    assert.match(text, /^"Ana lives in Oslo\." .*support/);
    await client.close();
  });

  it("tells an agent what is wrong in the service's words", async () => {
    const client = await connect(KEY, 'auto');
    for (const [args, says] of [
      [{ model: 'facts-gpt3', prompt: 'x' }, /#\/model: there is no model "facts-gpt3".*facts-gpt2/],
      [{ model: 'facts-gpt2', prompt: 'x', method: 'saliancy' }, /Did you mean "saliency"/],
      [{ model: 'facts-gpt2', prompt: 'word '.repeat(200) }, /tokens/],
      [{ model: 'facts-gpt2' }, /prompt/],
      [{ model: 'facts-gpt2', prompt: 'x', propmt: 'y' }, /propmt|additional/],
    ] as const) {
      const answer = await client.callTool({ name: 'attribute', arguments: args });
      assert.equal(answer.isError, true, JSON.stringify(answer));
      assert.match((answer.content as { text: string }[])[0].text, says);
    }
    await client.close();
  });

  it('needs the key', async () => {
    await assert.rejects(connect('no-key-of-this-service', 'legacy'));
    const refused = await fetch(`${up.url}/mcp`, { method: 'POST', body: '{}' });
    assert.equal(refused.status, 401);
  });
});
