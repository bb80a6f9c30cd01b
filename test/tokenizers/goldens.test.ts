/** Every tokenizer case and every attributed text of the golden files: what transformers made of them. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import { attributionCases, attributionModels, type ForwardFile, forwardCases, modelDir } from '../support/goldens.ts';
import { copyModel } from './copy-model.ts';

const models = attributionModels();

function checkCases(golden: ForwardFile, dir: string): void {
  const tokenizer = loadTokenizer(dir);
  for (const wanted of golden.tokenizer) {
    const { text } = wanted;
    const encoding = tokenizer.encode(text);
    const where = `${golden.model}: ${JSON.stringify(text)}`;
    assert.deepEqual(Array.from(encoding.ids), wanted.ids, where);
    assert.deepEqual(encoding.tokens, wanted.tokens, where);
    assert.deepEqual(Array.from(tokenizer.encode(text, { addSpecialTokens: false }).ids), wanted.ids_no_special, where);
    assert.equal(tokenizer.decode(wanted.ids, { skipSpecialTokens: true }), wanted.decoded, where);
    assert.equal(tokenizer.decode(wanted.ids), wanted.decoded_with_special, where);
    if (wanted.target_ids === undefined) continue;
    assert.deepEqual(Array.from(tokenizer.encode(text, { asTarget: true }).ids), wanted.target_ids, where);
  }
}

test('there are cases of 18 models', () => {
  assert.equal(models.length, 18);
  assert.ok(models.every((model) => forwardCases(model).tokenizer.length >= 15));
});

for (const model of models) {
  test(`${model}: ids, tokens and decoded text are those of transformers`, () => {
    checkCases(forwardCases(model), modelDir(model));
  });

  test(`${model}: texts that were attributed have the ids that were attributed`, () => {
    const tokenizer = loadTokenizer(modelDir(model));
    const asTarget = forwardCases(model).is_encoder_decoder;
    let compared = 0;
    for (const [name, { info, sequences }] of attributionCases(model)) {
      // The reference library was told to leave special tokens out here.
      const addSpecialTokens = !/skip-special|empty-prompt/.test(name);
      for (const [index, { target, source, source_attributions }] of sequences.entries()) {
        if (target.some(([, id]) => id === -1)) continue;
        // The decoder's start token stands before the target of encoder-decoder models.
        const wanted = target.map(([, id]) => id).slice(asTarget ? 1 : 0);
        const text = info.generated_texts[index];
        assert.deepEqual(Array.from(tokenizer.encode(text, { asTarget, addSpecialTokens }).ids), wanted, name);
        compared++;
        if (source_attributions === null) continue; // no source was attributed, a placeholder stands there
        const { ids } = tokenizer.encode(info.input_texts[index], { addSpecialTokens });
        assert.deepEqual(
          Array.from(ids),
          source.map(([, id]) => id),
          name,
        );
      }
    }
    assert.ok(compared >= 3, `${compared} texts`);
  });
}

test('Marian and M2M100 need no tokenizer.json: their SentencePiece files are enough', (t) => {
  for (const model of ['marian-tiny', 'm2m100-tiny']) {
    checkCases(
      forwardCases(model),
      copyModel(t, model, (file) => !/^tokenizer(_target)?\.json$/.test(file)),
    );
  }
});

test('M2M100 and, but for one decoded text, Marian read tokenizer.json where the SentencePiece files are missing', (t) => {
  const json = (model: string) => copyModel(t, model, (file) => !/\.(spm|model)$/.test(file));
  checkCases(forwardCases('m2m100-tiny'), json('m2m100-tiny'));
  const golden = forwardCases('marian-tiny');
  // Decoding depends here on which pieces the target's SentencePiece model has, which tokenizer.json does not say.
  const tokenizer = golden.tokenizer.filter(({ decoded_with_special }) => !decoded_with_special.includes('  '));
  assert.equal(tokenizer.length, golden.tokenizer.length - 1);
  checkCases({ ...golden, tokenizer }, json('marian-tiny'));
});

test('T5 and mBART encode alike from the SentencePiece file alone', (t) => {
  for (const model of ['t5-tiny', 't5-tied-tiny', 'mbart-tiny']) {
    const alone = loadTokenizer(copyModel(t, model, (file) => file !== 'tokenizer.json'));
    for (const { text, ids } of forwardCases(model).tokenizer) {
      assert.deepEqual(Array.from(alone.encode(text).ids), ids, `${model}: ${text}`);
    }
  }
});

test('GPT-2 and OPT encode and decode alike from vocab.json and merges.txt', (t) => {
  for (const model of ['gpt2-tiny', 'opt-tiny']) {
    const dir = copyModel(t, model, (file) => file !== 'tokenizer.json');
    if (!fs.existsSync(path.join(dir, 'merges.txt'))) splitTokenizerJson(modelDir(model), dir);
    checkCases(forwardCases(model), dir);
  }
});

function splitTokenizerJson(from: string, to: string): void {
  const { model, added_tokens } = JSON.parse(fs.readFileSync(path.join(from, 'tokenizer.json'), 'utf8'));
  const vocab = { ...model.vocab };
  for (const { content, id } of added_tokens) vocab[content] = id;
  const merges = model.merges.map((merge: string | string[]) => (typeof merge === 'string' ? merge : merge.join(' ')));
  fs.writeFileSync(path.join(to, 'vocab.json'), JSON.stringify(vocab));
  fs.writeFileSync(path.join(to, 'merges.txt'), ['#version: 0.2', ...merges, ''].join('\n'));
}
