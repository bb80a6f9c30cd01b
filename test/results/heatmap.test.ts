import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Script } from 'node:vm';
import { SCRIPT } from '../../src/results/heatmap/script.ts';
import { toHeatmap } from '../../src/results/heatmap.ts';
import { resultOf, smallSequence, tokensOf } from './support.ts';

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
    assert.match(html, /<th scope="row"><bdi>probability<\/bdi><\/th><td class="g40">0.900/);
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
});
