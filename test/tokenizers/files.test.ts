/** Tokenizers out of incomplete, old and contradictory files. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createDecoder } from '../../src/tokenizers/decoders.ts';
import { readSpecialTokens } from '../../src/tokenizers/special-tokens.ts';
import { loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import { temporaryDir } from '../checkpoints/write-safetensors.ts';
import { modelDir } from '../support/goldens.ts';
import { copyModel } from './copy-model.ts';

function edit(dir: string, file: string, change: (json: Record<string, unknown>) => Record<string, unknown>): void {
  const name = path.join(dir, file);
  fs.writeFileSync(name, JSON.stringify(change(JSON.parse(fs.readFileSync(name, 'utf8')))));
}

test('special tokens: files before defaults, null switches one off, the map before the config', () => {
  const names = (config: Record<string, unknown>, map: Record<string, unknown> | null = null, name = 'GPT2Tokenizer') =>
    readSpecialTokens(name, config, map).byName;
  assert.equal(names({}).eos, '<|endoftext|>');
  assert.equal(names({ eos_token: '<e>' }).eos, '<e>');
  assert.equal(names({ eos_token: { content: '<e>' } }).eos, '<e>');
  assert.equal(names({ eos_token: null }).eos, null);
  assert.equal(names({ eos_token: '<e>' }, { eos_token: '<m>' }).eos, '<m>');
  assert.equal(names({}, null, 'PreTrainedTokenizerFast').eos, null);
  assert.equal(names({}, null, 'Qwen2TokenizerFast').bos, null);
});

test('a model without tokenizer_config.json gets its class from config.json', (t) => {
  const dir = copyModel(t, 'gpt2-tiny', (file) => !/tokenizer_config|special_tokens_map/.test(file));
  const tokenizer = loadTokenizer(dir);
  assert.equal(tokenizer.tokenizerClass, 'GPT2Tokenizer');
  assert.equal(tokenizer.special.eos, 0);
});

test('Llama’s flags decide over its template', (t) => {
  const dir = copyModel(t, 'llama-tiny', () => true);
  const tokens = (flags: Record<string, unknown>) => {
    edit(dir, 'tokenizer_config.json', (config) => ({ ...config, ...flags }));
    return loadTokenizer(dir).encode('a').tokens;
  };
  assert.deepEqual(tokens({ add_bos_token: false }), ['▁a']);
  assert.deepEqual(tokens({ add_bos_token: true, add_eos_token: true }), ['<s>', '▁a', '</s>']);
});

test('tokens that only special_tokens_map.json or added_tokens.json declares are found in the text', (t) => {
  const dir = copyModel(t, 'gpt2-tiny', () => true);
  edit(dir, 'special_tokens_map.json', (map) => ({ ...map, additional_special_tokens: ['el'] }));
  fs.writeFileSync(path.join(dir, 'added_tokens.json'), JSON.stringify({ '[TOOL]': 590 }));
  const tokenizer = loadTokenizer(dir);
  assert.deepEqual(Array.from(tokenizer.encode('[TOOL]').ids), [590]);
  assert.equal(tokenizer.vocabSize, 591);
  assert.equal(tokenizer.decode([590], { skipSpecialTokens: true }), '[TOOL]');
  const el = tokenizer.tokenToId('el');
  assert.ok(el !== null && tokenizer.specialIds.has(el));
});

test('post-processors of other families', (t) => {
  const dir = copyModel(t, 'gpt2-pad-tiny', () => true);
  const encode = (post_processor: unknown) => {
    edit(dir, 'tokenizer.json', (json) => ({ ...json, post_processor }));
    return Array.from(loadTokenizer(dir).encode('').ids);
  };
  assert.deepEqual(encode({ type: 'BertProcessing', sep: ['</s>', 2], cls: ['<s>', 1] }), [1, 2]);
  const template = {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
  };
  assert.deepEqual(encode({ type: 'Sequence', processors: [{ type: 'ByteLevel' }, template] }), [1]);
  assert.throws(() => encode({ type: 'Other' }), /post-processor "Other" of tokenizer.json is not supported/);
});

test('decoders: incomplete bytes, a byte order mark, spaces at the start', () => {
  const bytes = createDecoder({ type: 'Sequence', decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }] });
  assert.equal(bytes(['a', '<0xE2>', '<0x82>', 'b']), 'a\ufffd\ufffdb');
  assert.equal(bytes(['<0xEF>', '<0xBB>', '<0xBF>', 'b']), '\ufeffb');
  assert.equal(bytes(['<0xe2>', '<0x82>', '<0xAC>']), '€');
  const level = createDecoder({ type: 'ByteLevel' });
  assert.equal(level(['Ã', '©', 'Ã', '<|東|>']), 'é\ufffd<|東|>');
  const metaspace = createDecoder({ type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' });
  assert.equal(metaspace(['▁▁a', '▁b']), 'a b');
  assert.equal(createDecoder({ type: 'Metaspace', prepend_scheme: 'never' })(['▁a']), ' a');
  assert.equal(createDecoder({ type: 'WordPiece', prefix: '##', cleanup: true })(['un', '##able', '.']), 'unable.');
  assert.equal(createDecoder({ type: 'BPEDecoder', suffix: '</w>' })(['a</w>', 'b</w>']), 'a b');
  assert.equal(createDecoder(null)(['a', 'b']), 'a b');
  assert.throws(() => createDecoder({ type: 'Morse' }), /decoder "Morse" of tokenizer.json is not supported/);
});

test('missing and damaged files are named', (t: TestContext) => {
  const dir = temporaryDir(t);
  assert.throws(() => loadTokenizer(dir), /has no tokenizer: put tokenizer.json there/);
  fs.writeFileSync(path.join(dir, 'tokenizer.json'), '{');
  assert.throws(() => loadTokenizer(dir), /tokenizer.json: is not JSON/);
  fs.writeFileSync(path.join(dir, 'tokenizer.json'), '{}');
  assert.throws(() => loadTokenizer(dir), /tokenizer.json has no "model"/);
});

test('source and target with vocabularies of their own are refused', (t) => {
  const dir = copyModel(t, 'marian-tiny', () => true);
  const file = path.join(dir, 'tokenizer_config.json');
  const config = JSON.parse(fs.readFileSync(file, 'utf8'));
  fs.writeFileSync(file, JSON.stringify({ ...config, separate_vocabs: false }));
  assert.deepEqual(loadTokenizer(dir).encode('The').ids, loadTokenizer(modelDir('marian-tiny')).encode('The').ids);
  fs.writeFileSync(file, JSON.stringify({ ...config, separate_vocabs: true }));
  assert.throws(() => loadTokenizer(dir), /tokenizer_config.json: "separate_vocabs" is true/);
});

test('a regular expression that is refused is named with its file and field', (t) => {
  const dir = copyModel(t, 'gpt2-tiny', () => true);
  const split = { type: 'Split', pattern: { Regex: '(?P<x>a)' }, behavior: 'Isolated', invert: false };
  edit(dir, 'tokenizer.json', (json) => ({
    ...json,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [json.pre_tokenizer, split] },
  }));
  assert.throws(() => loadTokenizer(dir), {
    name: 'TokenizerError',
    message: new RegExp(`^${dir}/tokenizer\\.json: pre_tokenizer\\.pretokenizers\\[1\\]\\.pattern: .*"\\(\\?P<x>a\\)"`),
  });
});
