/** The committed demo models: complete, small, readable by the service, and as good as their cards say. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { readModelsFile } from '../../src/checkpoints/models-file.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import * as sources from '../../training/answers/config.ts';
import { drawTest } from '../../training/answers/data.ts';
import { complete, factsScore, load, MODELS, numbersScore, type Served, translate } from '../../training/evaluate.ts';
import { makeFacts, makeQuestions } from '../../training/facts/data.ts';
import * as facts from '../../training/facts/model.ts';
import { drawPair } from '../../training/numbers/data.ts';
import * as numbers from '../../training/numbers/model.ts';
import { LANGUAGES } from '../../training/numbers/phrasings.ts';
import { seededRandom } from '../../training/random.ts';

const json = (name: string, file: string) => JSON.parse(readFileSync(join(MODELS, name, file), 'utf8'));

before(() => startBackend('auto'));

it('models.json lists every directory of models/', () => {
  const listed = readModelsFile(join(MODELS, 'models.json')).map(({ id }) => id);
  const directories = readdirSync(MODELS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(listed.sort(), directories.map(({ name }) => name).sort());
});

for (const [name, config] of [
  ['facts-gpt2', facts.CONFIG],
  ['numbers-m2m100', numbers.CONFIG],
  ['sources-llama', sources.CONFIG],
] as const) {
  describe(name, () => {
    it('has the configuration that the script trains', () => assert.deepEqual(json(name, 'config.json'), config));

    it('is a few megabytes', () => assert.ok(statSync(join(MODELS, name, 'model.safetensors')).size < 4e6));

    it('has as many distinct token ids as embeddings, without gaps', () => {
      const { model, added_tokens } = json(name, 'tokenizer.json');
      const ids = Object.values<number>(model.vocab).sort((a, b) => a - b);
      assert.deepEqual(
        ids,
        Array.from({ length: config.vocab_size }, (_, id) => id),
      );
      for (const { content, id } of added_tokens) assert.equal(model.vocab[content], id);
    });

    it('has a model card', () => assert.match(readFileSync(join(MODELS, name, 'README.md'), 'utf8'), /Licence/));
  });
}

describe('facts-gpt2, in int8', () => {
  let served: Served;
  before(async () => {
    served = await load('facts-gpt2', 'int8');
  });

  it('knows well-known facts', async () => {
    assert.equal(await complete(served, 'The capital of France is'), ' Paris.');
    assert.equal(await complete(served, 'Tokyo is the capital of'), ' Japan.');
    assert.equal(await complete(served, 'Berlin is the capital of Germany. The capital of France is'), ' Paris.');
    assert.match(await complete(served, 'Brazil is a country in South America. Its people speak'), /^ Portuguese\./);
  });

  it('answers in phrasings that it never saw about the country', async () => {
    const share = await factsScore(served, 40, true);
    assert.ok(share >= 0.95, `${share}`);
  });

  it('has one token for the countries and capitals of the examples', () => {
    for (const word of ['France', 'Paris', 'Germany', 'Berlin', 'Japan', 'Tokyo', 'Spain', 'Madrid']) {
      assert.equal(served.tokenizer.encode(` ${word}`).ids.length, 1, word);
    }
  });

  it('is encoded alike by training and by the service', () => {
    const library = new Library(json('facts-gpt2', 'tokenizer.json'), json('facts-gpt2', 'tokenizer_config.json'));
    for (const { prompt } of makeQuestions(makeFacts())) {
      assert.deepEqual(Array.from(served.tokenizer.encode(prompt).ids), library.encode(prompt).ids);
    }
  });
});

describe('numbers-m2m100, in int8', () => {
  let served: Served;
  before(async () => {
    served = await load('numbers-m2m100', 'int8');
  });

  it('translates into the language that is asked for', async () => {
    const source = 'Page twenty-one is missing.';
    const texts = await Promise.all(LANGUAGES.slice(1).map((to) => translate(served, { from: 'en', to, source })));
    assert.deepEqual(texts, [
      'La page vingt et un manque.',
      'Seite einundzwanzig fehlt.',
      'Falta la página veintiuno.',
      'Manca la pagina ventuno.',
      'Falta a página vinte e um.',
      'Pagina eenentwintig ontbreekt.',
    ]);
  });

  it('translates numbers that it never saw', async () => {
    const share = await numbersScore(served, 40);
    assert.ok(share >= 0.9, `${share}`);
  });

  it('is encoded alike by training and by the service', () => {
    const tokenizer = loadTokenizer(join(MODELS, 'numbers-m2m100'));
    const encode = numbers.encoderOf({
      tokenizer: json('numbers-m2m100', 'tokenizer.json'),
      config: json('numbers-m2m100', 'tokenizer_config.json'),
    });
    const random = seededRandom(9);
    for (let i = 0; i < 500; i++) {
      const pair = drawPair(random);
      const { source, target } = encode(pair);
      assert.deepEqual(Array.from(tokenizer.encode(pair.source, { srcLang: pair.from }).ids), source);
      const asTarget = Array.from(tokenizer.encode(pair.target, { asTarget: true, tgtLang: pair.to }).ids);
      assert.deepEqual([numbers.CONFIG.eos_token_id, ...asTarget], target);
    }
  });
});

/** Least shares of 40 answers; counting is no claim of the card's. */
const LEAST = { 'one hop': 0.9, paraphrase: 0.9, 'two hops': 0.85, unknown: 0.7 };

describe('sources-llama, in int8', () => {
  let served: Served;
  before(async () => {
    served = await load('sources-llama', 'int8');
  });

  const answer = async (context: string, question: string): Promise<string> => {
    const chat = served.tokenizer.chat?.render([{ role: 'user', content: `${context}\n\n${question}` }]);
    return (await complete(served, chat?.text ?? '')).trim();
  };

  for (const [kind, least] of Object.entries(LEAST) as [keyof typeof LEAST, number][]) {
    it(`answers about names that it never saw: ${kind}`, async () => {
      const random = seededRandom(77);
      let right = 0;
      const count = 40;
      for (let i = 0; i < count; i++) {
        const { context, questions } = drawTest(random);
        const { text, answer: wanted } = questions[kind];
        if ((await answer(context.sentences.join(' '), text)) === wanted) right++;
      }
      assert.ok(right / count >= least, `${right} of ${count}`);
    });
  }

  it('knows two roles', () => {
    assert.throws(
      () => served.tokenizer.chat?.render([{ role: 'system', content: 'Be brief.' }]),
      /user and assistant/,
    );
  });
});
