/** Contexts and questions of the model that answers from its context: answers follow from their true sentences, and from no others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Context, drawContext, drawQuestion, drawTest, KINDS } from '../../training/answers/data.ts';
import { drawName } from '../../training/answers/names.ts';
import { RELATIONS, say, UNKNOWN, WORDINGS } from '../../training/answers/phrasings.ts';
import { seededRandom } from '../../training/random.ts';

const tests = (() => {
  const random = seededRandom(5);
  return Array.from({ length: 200 }, () => drawTest(random));
})();

/** What a sentence says, read back from its words: in every phrasing the subject comes first. */
function readBack(sentence: string): { subject: string; relation: string; object: string } {
  for (const relation of RELATIONS) {
    const { plain, paraphrases } = WORDINGS[relation];
    for (const phrasing of [plain, ...paraphrases]) {
      const pattern = say(phrasing, { s: '(?<s>[A-Z][a-z]+)', o: '(?<o>[A-Za-z]+)' }).replace('.', '\\.');
      const groups = new RegExp(`^${pattern}$`).exec(sentence)?.groups;
      if (groups) return { subject: groups.s, relation, object: groups.o };
    }
  }
  throw new Error(`nothing says ${sentence}`);
}

test('sentences say their facts, and no two have subject and relation in common', () => {
  for (const { context } of tests) {
    const found = context.sentences.map(readBack);
    assert.deepEqual(
      found,
      context.facts.map(({ subject, relation, object }) => ({ subject, relation, object })),
    );
    assert.equal(new Set(found.map(({ subject, relation }) => `${subject} ${relation}`)).size, found.length);
    assert.ok(found.length >= 8 && found.length <= 12);
  }
});

test('an answer follows from its true sentences', () => {
  for (const { context, questions } of tests) {
    const facts = context.sentences.map(readBack);
    for (const kind of ['one hop', 'paraphrase'] as const) {
      const { text, answer, truth } = questions[kind];
      const [{ subject, object }] = truth.map((k) => facts[k]);
      assert.equal(truth.length, 1);
      assert.ok(text.includes(subject) && answer.startsWith(subject) && answer.includes(object), `${text} ${answer}`);
      assert.equal(
        context.sentences[truth[0]] === answer,
        kind === 'one hop',
        'the one hop is in the words of the context',
      );
    }
    const { text, answer, truth } = questions['two hops'];
    const [first, second] = truth.map((k) => facts[k]);
    assert.equal(first.object, second.subject);
    assert.ok(text.includes(first.subject) && !text.includes(second.subject), text);
    assert.ok(answer.startsWith(second.subject) && answer.includes(second.object), answer);
  }
});

test('as many sentences are true as are counted', () => {
  const numbers = ['One', 'Two', 'Three', 'Four', 'Five'];
  for (const { context, questions } of tests) {
    const { answer, truth } = questions.counting;
    const facts = context.sentences.map(readBack);
    const [{ relation, object }] = truth.map((k) => facts[k]);
    const same = facts.flatMap((fact, k) => (fact.relation === relation && fact.object === object ? [k] : []));
    assert.deepEqual(truth, same);
    assert.equal(numbers.indexOf(answer.split(' ')[0]) + 1, truth.length, answer);
  }
});

test('what is unknown is not in the context', () => {
  for (const { context, questions } of tests) {
    const { text, answer, about, truth } = questions.unknown;
    assert.deepEqual([answer, truth], [UNKNOWN, []]);
    const asked = RELATIONS.filter((name) =>
      WORDINGS[name].questions.some((question) => say(question, { s: about }) === text),
    );
    const facts = context.sentences.map(readBack);
    for (const name of asked)
      assert.ok(!facts.some(({ subject, relation }) => subject === about && relation === name), text);
  }
});

test('no training text has a name that is tested', () => {
  const random = seededRandom(6);
  const names = ({ facts }: Context) => facts.map(({ subject }) => subject);
  const tested = new Set(tests.flatMap(({ context }) => names(context)));
  for (let i = 0; i < 500; i++) {
    for (const name of names(drawContext(random, 10, false))) assert.ok(!tested.has(name), name);
  }
  assert.match(drawName(random, true), /^[A-Z][a-z]{2,7}$/);
});

test('short contexts have questions, too, and the same seed draws the same', () => {
  const draw = () => {
    const random = seededRandom(9);
    const contexts = Array.from({ length: 300 }, () => drawContext(random, 1 + random.below(4), false));
    return contexts.map((context) => KINDS.map((kind) => drawQuestion(context, kind, random)?.text ?? null));
  };
  const questions = draw();
  assert.deepEqual(draw(), questions);
  for (const [k, kind] of KINDS.entries()) assert.ok(questions.filter((row) => row[k] !== null).length > 20, kind);
});
