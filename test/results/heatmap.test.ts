import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Script } from 'node:vm';
import { SCRIPT } from '../../src/results/heatmap/script.ts';
import { toHeatmap } from '../../src/results/heatmap.ts';
import { failedSequence, resultOf, smallSequence, tokensOf } from './support.ts';

const page = (...parts: Parameters<typeof smallSequence>) => toHeatmap(resultOf(smallSequence(...parts)));

/** Text of the cells of the row with this key, null where nothing applies. */
function cellsOf(html: string, key: string): (string | null)[] {
  const row = new RegExp(`<tr data-k="${key}">(.*?)</tr>`, 's').exec(html)?.[1] ?? '';
  return Array.from(row.matchAll(/<td class="(\w+)"[^>]*>(.*?)<\/td>/g), ([, color, text]) =>
    color === 'x' ? null : text,
  );
}

describe('a result as a heatmap', () => {
  it('shows every score in the row of its token and the column of the generated one', () => {
    const html = page();
    assert.deepEqual(cellsOf(html, 't0'), ['0.250', '0.500']);
    assert.deepEqual(cellsOf(html, 't1'), ['0.750', '−0.125']);
    assert.deepEqual(cellsOf(html, 't2'), [null, '0.375']);
    assert.match(html, /<tr data-own><th scope="row"><bdi>probability<\/bdi><\/th><td class="g40">0.900/);
  });

  it('leaves out the last token, which counts for none', () => {
    assert.doesNotMatch(page(), /<tr data-k="t3"/);
  });

  it('colors by the largest absolute value, by sign', () => {
    const html = page();
    assert.match(html, /<td class="p40"[^>]*>0.750/);
    assert.match(html, /<td class="n7"[^>]*>−0.125/);
    assert.match(html, /aria-label="Color scale from −0.750 to 0.750"/);
  });

  it('shows source and target of encoder-decoder models, and a tab for each text', () => {
    const source = tokensOf('Le', ' chat');
    const sequence = smallSequence({
      source,
      source_attributions: [
        [0.1, 0.2],
        [0.3, 0.4],
      ],
    });
    const html = toHeatmap(resultOf(sequence, smallSequence()));
    assert.deepEqual(cellsOf(html, 's1'), ['0.300', '0.400']);
    for (const title of ['Source', 'Target start', 'Generated before', 'Step scores']) {
      assert.ok(html.includes(`<span>${title}</span>`), title);
    }
    assert.equal(html.match(/<section>/g)?.length, 2);
    assert.equal(html.match(/name="tab"/g)?.length, 2);
  });

  it('marks what the model was made to write', () => {
    assert.doesNotMatch(page(), / data-forced title|forced, not chosen/);
    const target = tokensOf('a', 'b', 'c', 'd').map((token, at) => ({ ...token, forced: at === 2 }));
    const html = page({ target });
    assert.match(html, /<th scope="col" data-forced title="forced[^>]*><span><bdi>c</);
    assert.match(html, /<button [^>]*data-c="0" data-forced [^>]*><bdi>c</);
    assert.match(html, /Dashed: forced, not chosen by the model/);
  });

  it('has the semantics of a table', () => {
    const html = page();
    assert.match(html, /<caption>/);
    assert.equal(html.match(/<th scope="col">/g)?.length, 2);
    assert.ok(html.includes('<th scope="rowgroup"'));
    assert.match(html, /<html lang="en">/);
    assert.equal(html.match(/<td[^>]*tabindex="0"/g)?.length, 1, 'one cell takes the focus first');
  });

  it('shows numbers in units of a power of ten where they are small', () => {
    const html = page({
      target_attributions: [
        [2.5e-6, 1e-7],
        [0, 0],
        [null, 0],
        [null, null],
      ],
    });
    assert.deepEqual(cellsOf(html, 't0'), ['2.50', '0.10']);
    assert.ok(html.includes('2.50×10⁻⁶'));
    assert.ok(html.includes('<span>cells in 10⁻⁶</span>'));
    assert.doesNotMatch(page(), /cells in/);
  });

  it('shows raw scores by their norm and says so', () => {
    const html = page({
      target_attributions: [
        [
          [3, 4],
          [0, 1],
        ],
      ],
      axes: ['head'],
    });
    assert.deepEqual(cellsOf(html, 't0'), ['5.00', '1.00']);
    assert.ok(html.includes('norm over head'));
  });

  it('shows byte-level and SentencePiece tokens as text', () => {
    const html = page({ target: tokensOf('Ġthe', 'ĠmÃ©decin', '▁la', 'Ċ') });
    assert.ok(html.includes('<bdi><i>·</i>médecin</bdi>'));
    assert.ok(html.includes('<bdi>↵</bdi>'));
  });
});

describe('the text above a heatmap', () => {
  const spans = (html: string) => html.replace(/[\s\S]*<div class="reading">|<\/div>[\s\S]*/g, '');
  const plain = (html: string) => spans(html).replace(/<small.*?<\/small>|<[^>]*>/g, '');

  it('has spaces where the text has them, also when no token is marked with one', () => {
    const target = tokensOf('The', 'end', 'is', 'near').map((token, at) => {
      return { ...token, start: token.start + at, end: token.end + at };
    });
    assert.equal(plain(page({ target })), 'The end is near');
    assert.equal(plain(page({ target: tokensOf('The', 'end', 'is', 'near') })), 'Theendisnear');
  });

  it('runs from right to left where its letters do', () => {
    const source = [{ id: 1, token: '<s>', start: null, end: null }, ...tokensOf('ب', 'ا')];
    const html = page({ source, source_attributions: source.map(() => [0.1, 0.2]) });
    assert.match(html, /<p dir="rtl"><small dir="ltr">Source/);
    assert.match(html, /<p dir="ltr"><small dir="ltr">Target/);
  });
});

describe('a heatmap of a contrast', () => {
  it('names the tokens that were compared', () => {
    const result = resultOf(smallSequence());
    const contrast = {
      sequence: 0,
      step_function: 'contrast_prob_diff',
      alignments: [],
      contrast_tokens: ['Ġwas', '<b>'],
      pairs: [],
    };
    result.info.contrasts = [
      { ...contrast, role: 'step_score', contrast_tokens: ['x', 'y'], pairs: [] },
      { ...contrast, role: 'attributed_fn' },
    ];
    const note = /Compared: .*?<\/p>/.exec(toHeatmap(result))?.[0] ?? '';
    assert.equal(note.replace(/<[^>]*>/g, ''), 'Compared: is against Ġwas, Paris against &lt;b&gt;.');
    assert.doesNotMatch(page(), /Compared:/);
  });
});

describe('a heatmap of several layers', () => {
  const layered = (layers?: string[]) =>
    page({
      target_attributions: [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
        [null, [9, 10]],
        [null, null],
      ],
      axes: ['layer'],
      ...(layers && { layers }),
    });

  it('has a map of tokens and layers for each generated token, the first of them open', () => {
    const maps = layered().split('<details class="layers"').slice(1);
    assert.equal(maps.length, 2);
    assert.ok(maps[0].startsWith(' open>') && maps[1].startsWith('>'));
    const numbers = (html: string) =>
      Array.from(html.matchAll(/<td class="p\d+"[^>]*>([^<]*)/g), ([, text]) => Number(text));
    assert.deepEqual(numbers(maps[0]), [1, 2, 5, 6]);
    assert.deepEqual(numbers(maps[1]), [3, 4, 7, 8, 9, 10]);
    assert.doesNotMatch(page(), /class="layers"/);
  });

  it('names layers by what tells them apart', () => {
    const headers = (html: string) =>
      Array.from(html.split('<details')[1].matchAll(/<th scope="col"><span><bdi>(.*?)</g), ([, text]) => text);
    assert.deepEqual(headers(layered(['transformer.h.0.mlp', 'transformer.h.12.mlp'])), ['0', '12']);
    assert.deepEqual(headers(layered(['h.0.mlp', 'h.0.attn'])), ['mlp', 'attn']);
    assert.deepEqual(headers(layered(['h.0.mlp', 'lm_head'])), ['h.0.mlp', 'lm_head']);
  });

  it('shows as many maps as a page can hold, and says so', () => {
    const target = tokensOf(...Array.from({ length: 200 }, () => 'a'));
    const target_attributions = target.map(() => target.slice(100).map(() => Array.from({ length: 50 }, () => 1)));
    const html = page({
      target,
      attr_pos_start: 100,
      attr_pos_end: 200,
      target_attributions,
      axes: ['layer'],
      step_scores: {},
    });
    assert.equal(html.match(/<details class="layers"/g)?.length, 10);
    assert.match(html, /Layers of the first 10 generated tokens/);
  });
});

describe('a heatmap is safe', () => {
  const hostile = '</script><script>alert(1)</script><img src=x onerror="alert(2)">\'&';

  it('escapes tokens, names and facts wherever they stand', () => {
    const sequence = smallSequence({
      target: tokensOf('a', hostile, 'b', hostile),
      step_scores: { [hostile]: [1, 2] },
    });
    const result = resultOf(sequence);
    Object.assign(result.info, { model: hostile, method: hostile, extra: { [hostile]: hostile } });
    const html = toHeatmap({ ...result, job_id: hostile });
    assert.equal(html.match(/<script/g)?.length, 1);
    assert.equal(html.match(/<\/script/g)?.length, 1);
    assert.doesNotMatch(html, /<img/);
    assert.doesNotMatch(html, /<[^>]* onerror/);
    assert.ok(html.includes('&lt;img src=x onerror=&quot;alert(2)&quot;&gt;'));
  });

  it('loads nothing', () => {
    assert.doesNotMatch(page(), /\b(?:src|href|action)=|url\(|@import|https?:/);
  });

  it('has a script that is the same for every result, and compiles', () => {
    const scriptOf = (html: string) => /<script>(.*)<\/script>/s.exec(html)?.[1];
    assert.equal(scriptOf(page()), SCRIPT);
    assert.ok(new Script(SCRIPT));
    assert.doesNotMatch(SCRIPT, /innerHTML|eval|document\.write|<\//);
  });

  it('keeps the direction of a token within it, and shows control characters', () => {
    const html = page({ target: tokensOf('a', '\u202Eevil', 'b\u0000', 'c') });
    assert.ok(html.includes('<bdi>\u202Eevil</bdi>'));
    assert.ok(html.includes('b␀'));
  });
});

describe('a large heatmap', () => {
  it('of 200 by 200 tokens has every cell, hides numbers at first, and stays under 3 MB', () => {
    const size = 200;
    const target = tokensOf(...Array.from({ length: 2 * size }, (_, i) => ` t${i}`));
    const scores = target.map((_, i) =>
      Array.from({ length: size }, (_, t) => (i < size + t ? (i * t) / 80_000 : null)),
    );
    const sequence = smallSequence({
      target,
      attr_pos_start: size,
      attr_pos_end: 2 * size,
      target_attributions: scores,
      step_scores: { probability: new Array<number>(size).fill(0.5) },
    });
    const html = toHeatmap(resultOf(sequence));
    assert.equal(html.match(/<td /g)?.length, (2 * size - 1) * size + size);
    assert.match(html, /id="numbers">/);
    assert.ok(html.length < 3e6, `${html.length} characters`);
  });

  it('says of a text that failed why', () => {
    const html = toHeatmap(resultOf(failedSequence(), smallSequence()));
    assert.match(html, /<p class="note">This text failed: It is, &quot;well&quot;, too long\.<\/p>/);
    assert.match(html, /Scores of text 2/);
  });
});
