import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawDocument, makeFacts, makeQuestions } from '../../training/facts/data.ts';
import { RELATIONS } from '../../training/facts/phrasings.ts';
import { seededRandom } from '../../training/random.ts';

const facts = makeFacts();
const questions = makeQuestions(facts);

test('every relation has facts, and the well-known ones are right', () => {
  for (const relation of RELATIONS)
    assert.ok(
      facts.flat().some((fact) => fact.relation === relation),
      relation,
    );
  const answers = new Map(questions.map(({ prompt, fact }) => [prompt, fact.answer]));
  assert.equal(answers.get('The capital of France is'), 'Paris');
  assert.equal(answers.get('Amsterdam is the capital of'), 'the Netherlands');
  assert.equal(answers.get('The currency of Japan is the'), 'Japanese yen');
  assert.equal(answers.get('Brazil is a country in'), 'South America');
  assert.equal(answers.get('People in Canada speak'), 'English and French');
  assert.equal(answers.get('The language of Austria is'), 'German');
});

test('texts are filled in completely', () => {
  for (const { prompt, fact } of questions)
    assert.doesNotMatch(`${prompt} ${fact.answer}.`, /[{}]|undefined| {2}|^ |^\p{Ll}/u);
});

test('a prompt has one answer', () => {
  const seen = new Map<string, string>();
  for (const { prompt, fact } of questions) {
    assert.equal(seen.get(prompt) ?? fact.answer, fact.answer, prompt);
    seen.set(prompt, fact.answer);
  }
});

test('about a quarter of the pairs is held out, but never the first phrasing', () => {
  const share = questions.filter(({ heldOut }) => heldOut).length / questions.length;
  assert.ok(share > 0.18 && share < 0.25, `${share}`);
  assert.ok(questions.every(({ prompt, heldOut }) => !prompt.startsWith('The capital of') || !heldOut));
});

test('no document holds a held-out sentence', () => {
  const heldOut = new Set(questions.filter((q) => q.heldOut).map(({ prompt, fact }) => `${prompt} ${fact.answer}.`));
  const trained = new Set(questions.filter((q) => !q.heldOut).map(({ prompt, fact }) => `${prompt} ${fact.answer}.`));
  const random = seededRandom(7);
  let found = 0;
  for (let i = 0; i < 5000; i++) {
    const document = drawDocument(facts, random);
    assert.ok(!heldOut.has(document), document);
    if (trained.has(document)) found++;
  }
  assert.ok(found > 2000, 'half of the documents are single trained sentences');
});

test('the same seed draws the same documents', () => {
  const draw = () => {
    const random = seededRandom(3);
    return Array.from({ length: 20 }, () => drawDocument(facts, random));
  };
  assert.deepEqual(draw(), draw());
  assert.equal(new Set(draw()).size, 20);
});
