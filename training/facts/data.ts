/**
 * Facts about countries from the npm package `world-countries` (ODbL 1.0), as sentences. A *document* is one to three sentences; a
 * *held-out pair* is a (subject, phrasing) that no document holds, so that getting it right means having learnt the fact, not the sentence.
 */
import worldCountries, { type Country } from 'world-countries';
import { hashFraction, type Random } from '../random.ts';
import { type Relation, WORDINGS, type Wording } from './phrasings.ts';

/** One thing to know: `subject` and `answer` as they stand inside a sentence. */
export interface Fact {
  relation: Relation;
  subject: string;
  answer: string;
}

/** A fact in one phrasing, cut before the answer. The text is `prompt + ' ' + answer + '.'`. */
export interface Question {
  fact: Fact;
  prompt: string;
  heldOut: boolean;
}

// The package's types describe an ES module, but Node gets its CommonJS file, whose default export is the list itself.
const countries = worldCountries as unknown as Country[];

const HELD_OUT = 0.25;

const WITH_ARTICLE =
  /^(Bahamas|Central African Republic|Comoros|DR Congo|Dominican Republic|Gambia|Maldives|Marshall Islands|Netherlands|Philippines|Republic of the Congo|Seychelles|Solomon Islands|United .*)$/;

const nameInSentence = (country: Country): string =>
  (WITH_ARTICLE.test(country.name.common) ? 'the ' : '') + country.name.common;

/** The Americas are two continents here, as in English usage. */
function continentOf(country: Country): string {
  if (country.region !== 'Americas') return country.region;
  return country.subregion === 'South America' ? 'South America' : 'North America';
}

/** Names of languages without the data's regional qualifiers: "Persian (Farsi)", "Norwegian Bokmål", "Swiss German". */
function languagesOf(country: Country): string[] {
  const plain = Object.values(country.languages).map((name) =>
    name
      .replace(/ \(.*\)$/, '')
      .replace(/^Norwegian .*$/, 'Norwegian')
      .replace(/^.* German$/, 'German'),
  );
  return [...new Set(plain)];
}

const listed = (names: string[]): string => names.join(', ').replace(/, ([^,]*)$/, ' and $1');

const regionOf = (country: Country): string =>
  country.subregion === 'Caribbean' ? 'the Caribbean' : country.subregion;

/** Only "Euro" is written with a capital letter for no reason. */
const currencyName = (name: string): string => (name === 'Euro' ? 'euro' : name);

function factsOf(country: Country): Fact[] {
  const subject = nameInSentence(country);
  const [capital] = country.capital;
  const languages = languagesOf(country);
  const currencies = Object.values(country.currencies);
  const demonym = country.demonyms.eng.m.split(',')[0];
  const facts: Fact[] = [
    { relation: 'capital', subject, answer: capital },
    { relation: 'country', subject: capital, answer: subject },
    { relation: 'continent', subject, answer: continentOf(country) },
    { relation: 'region', subject, answer: regionOf(country) },
    { relation: 'demonym', subject, answer: demonym },
  ];
  if (languages.length === 1) facts.push({ relation: 'language', subject, answer: languages[0] });
  else if (languages.length <= 3) facts.push({ relation: 'languages', subject, answer: listed(languages) });
  if (currencies.length === 1) facts.push({ relation: 'currency', subject, answer: currencyName(currencies[0].name) });
  return facts;
}

/** Every fact about the 194 independent countries, grouped by country. */
export function makeFacts(): Fact[][] {
  return countries.filter((country) => country.independent).map(factsOf);
}

const wordingOf = (relation: Relation): Wording => WORDINGS[relation];

const capitalize = (text: string): string => text[0].toUpperCase() + text.slice(1);

const fill = (template: string, fact: Fact): string =>
  capitalize(template.replace('{s}', fact.subject)).replace('{a}', fact.answer);

/** Whether this subject is kept out of training in this phrasing. */
function isHeldOut(fact: Fact, phrasing: string): boolean {
  const first = wordingOf(fact.relation).phrasings[0] === phrasing;
  return !first && hashFraction(`${fact.subject}|${phrasing}`) < HELD_OUT;
}

/** Every fact in every phrasing, as a prompt to complete. */
export function makeQuestions(facts: Fact[][]): Question[] {
  return facts.flat().flatMap((fact) =>
    wordingOf(fact.relation).phrasings.map((phrasing) => ({
      fact,
      prompt: fill(phrasing, fact).slice(0, -` ${fact.answer}.`.length),
      heldOut: isHeldOut(fact, phrasing),
    })),
  );
}

/** A sentence for a fact in one of the phrasings that this subject is trained in. */
function sentence(fact: Fact, random: Random): string {
  for (;;) {
    const phrasing = random.pick(wordingOf(fact.relation).phrasings);
    if (!isHeldOut(fact, phrasing)) return fill(phrasing, fact);
  }
}

/**
 * Draws one training document. Half are a single sentence; a quarter two facts about two countries, so that the model must pick the
 * country that the sentence names; a quarter facts about one country whose later sentences say only "its".
 */
export function drawDocument(facts: Fact[][], random: Random): string {
  const country = random.pick(facts);
  const kind = random.next();
  if (kind < 0.5) return sentence(random.pick(country), random);
  if (kind < 0.75) {
    return `${sentence(random.pick(country), random)} ${sentence(random.pick(random.pick(facts)), random)}`;
  }
  const about = country.filter((fact) => wordingOf(fact.relation).follow);
  const order = about.map((fact) => ({ fact, key: random.next() })).sort((a, b) => a.key - b.key);
  const [first, ...others] = order.slice(0, 2 + random.below(2)).map(({ fact }) => fact);
  return [sentence(first, random), ...others.map((fact) => fill(wordingOf(fact.relation).follow ?? '', fact))].join(
    ' ',
  );
}
