import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ChatMessage } from '../../src/tokenizers/chat.ts';
import { loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import { modelDir } from '../support/goldens.ts';
import { copyModel } from './copy-model.ts';

const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** Trims, gives a default system prompt, and refuses two messages of one role after another. */
const STRICT =
  "{{ bos_token }}{% if messages[0]['role'] != 'system' %}[SYS]be nice[/SYS]{% endif %}" +
  "{% for m in messages %}{% if not loop.first and messages[loop.index0 - 1]['role'] == m['role'] %}" +
  "{{ raise_exception('Roles must alternate') }}{% endif %}[{{ m['role'] }}] {{ m['content'] | trim }} {% endfor %}";

function withTemplate(t: TestContext, template: string, inFile = false) {
  const dir = copyModel(t, 'qwen2-tiny', (file) => file !== 'chat_template.jinja');
  const file = path.join(dir, 'tokenizer_config.json');
  const config = JSON.parse(fs.readFileSync(file, 'utf8'));
  if (inFile) fs.writeFileSync(path.join(dir, 'chat_template.jinja'), template);
  fs.writeFileSync(
    file,
    JSON.stringify({ ...config, bos_token: '<|endoftext|>', chat_template: inFile ? 'unused' : template }),
  );
  const tokenizer = loadTokenizer(dir);
  assert.ok(tokenizer.chat !== null);
  return { tokenizer, chat: tokenizer.chat };
}

const conversation: ChatMessage[] = [
  { role: 'system', content: 'system' },
  { role: 'user', content: '  user\nHello, assistant! ' },
  { role: 'assistant', content: '' },
  { role: 'user', content: 'user' },
];

test('the text is the template’s, and each character has its message', (t) => {
  for (const inFile of [false, true]) {
    const { chat } = withTemplate(t, CHATML, inFile);
    const { text, spans } = chat.render(conversation);
    assert.equal(
      text,
      `${conversation.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join('')}<|im_start|>assistant\n`,
    );
    assert.equal(spans.map(({ start, end }) => text.slice(start, end)).join(''), text);
    assert.deepEqual(
      spans
        .filter(({ message }) => message !== null)
        .map(({ start, end, role, message }) => [text.slice(start, end), role, message]),
      [
        ['system', 'system', 0],
        ['  user\nHello, assistant! ', 'user', 1],
        ['user', 'user', 3],
      ],
    );
    assert.doesNotMatch(chat.render(conversation, false).text, /assistant\n$/);
  }
});

test('every token gets a role through its offsets', (t) => {
  const { tokenizer, chat } = withTemplate(t, CHATML);
  const { text, spans } = chat.render([{ role: 'user', content: 'big cat' }]);
  const { tokens, offsets } = tokenizer.encode(text);
  const roles = offsets.map(
    (range) => spans.find(({ start, end }) => range !== null && start <= range[0] && range[1] <= end)?.role,
  );
  assert.equal(tokens[0], '<|im_start|>');
  assert.equal(roles[0], null);
  const words = tokens.filter((_, i) => roles[i] === 'user').join('');
  assert.equal(words, 'bigĠcat');
});

test('trimmed content and a default system prompt are seen', (t) => {
  const { chat } = withTemplate(t, STRICT);
  const { text, spans } = chat.render([
    { role: 'user', content: ' be nice ' },
    { role: 'assistant', content: 'Yes.' },
  ]);
  assert.equal(text, '<|endoftext|>[SYS]be nice[/SYS][user] be nice [assistant] Yes. ');
  assert.deepEqual(
    spans.filter(({ role }) => role !== null).map(({ start, end, role }) => [start, text.slice(start, end), role]),
    [
      [text.indexOf('] be nice') + 2, 'be nice', 'user'],
      [text.indexOf('Yes.'), 'Yes.', 'assistant'],
    ],
  );
});

test('a template’s own objection reaches the person who asked', (t) => {
  const { chat } = withTemplate(t, STRICT);
  const twice = [conversation[1], conversation[1]];
  assert.throws(() => chat.render(twice), /chat template refuses the messages: .*Roles must alternate/);
  const broken = withTemplate(t, '{% for m in %}');
  assert.throws(() => broken.chat.render(conversation), { name: 'TokenizerError' });
});

test('models without a template have none', () => {
  assert.equal(loadTokenizer(modelDir('gpt2-tiny')).chat, null);
});

test('a template that refuses other messages than these still renders them', (t) => {
  const picky =
    "{% for m in messages %}{% if m.content != 'yes' %}{{ raise_exception('no') }}{% endif %}{{ m.content }}{% endfor %}";
  const { chat } = withTemplate(t, picky);
  assert.deepEqual(chat.render([{ role: 'user', content: 'yes' }]), {
    text: 'yes',
    spans: [{ start: 0, end: 3, role: null, message: null }],
  });
});
