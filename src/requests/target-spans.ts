/** Spans of the answer that are attributed as wholes: do they fit their unit, each other and the texts? */
import type { AttributeBody } from '../contract/attribute-request.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import type { TargetSpans } from '../contract/target-spans.ts';
import type { Issues } from './issues.ts';
import type { Texts } from './texts.ts';

/** The spans that a body asks for, null for none; adds an issue for everything that does not fit. */
export function checkTargetSpans(
  body: AttributeBody,
  texts: Texts,
  model: ModelInfo,
  issues: Issues,
): TargetSpans | null {
  const { target_spans: wire = null } = body;
  if (wire === null) return null;
  const { unit, spans = null, locale = null } = typeof wire === 'string' ? { unit: wire } : wire;
  if (unit === 'characters' && spans === null) {
    issues.add('#/target_spans/spans', 'is required with the unit "characters": give [start, end) of each span.');
  }
  if (spans !== null && unit !== 'characters' && unit !== 'tokens') {
    issues.add('#/target_spans/spans', `is for the units "characters" and "tokens", got "${unit}": leave it out.`);
  }
  if (locale !== null) {
    const isUsed = unit === 'words' || unit === 'sentences';
    if (!isUsed) issues.add('#/target_spans/locale', `is for "words" and "sentences", got "${unit}": leave it out.`);
    else if (!isLanguage(locale)) {
      issues.add('#/target_spans/locale', `is no language tag: give one such as "en" or "zh-Hans", got "${locale}".`);
    }
  }
  return { unit, spans: spans === null ? null : checkSpans(spans, unit, texts, model, issues), locale };
}

function isLanguage(locale: string): boolean {
  try {
    return Intl.getCanonicalLocales(locale).length === 1;
  } catch {
    return false;
  }
}

/** Spans of each text. */
function checkSpans(
  spans: number[][] | number[][][],
  unit: TargetSpans['unit'],
  texts: Texts,
  model: ModelInfo,
  issues: Issues,
): [number, number][][] {
  const count = texts.messages?.length ?? texts.input_texts.length;
  const byText = isByText(spans);
  if (byText && spans.length !== count && count > 0) {
    issues.add(
      '#/target_spans/spans',
      `has lists for ${spans.length} texts, and there are ${count} of input: give one for each, or one list for all.`,
    );
  }
  const lists = byText ? spans : Array.from({ length: count }, () => spans);
  for (const [index, list] of lists.entries()) {
    if (!byText && index > 0 && texts.generated_texts === null) break;
    const pointer = byText ? `#/target_spans/spans/${index}` : '#/target_spans/spans';
    const length = unit === 'characters' ? answerLength(texts, index, model) : null;
    checkList(list, length, pointer, issues);
  }
  return lists.map((list) => list.map(([start, end]) => [start, end]));
}

const isByText = (spans: number[][] | number[][][]): spans is number[][][] => Array.isArray(spans[0][0]);

/** Characters of a forced answer; null where the model generates, and where the texts are at fault anyway. */
function answerLength(
  { messages, input_texts, generated_texts }: Texts,
  index: number,
  { architecture }: ModelInfo,
): number | null {
  const given = generated_texts?.[index];
  if (given === undefined) return null;
  if (messages !== null || architecture === 'encoder-decoder') return given.length;
  const prompt = input_texts[index] ?? '';
  return given.startsWith(prompt) ? given.length - prompt.length : null;
}

function checkList(list: number[][], length: number | null, pointer: string, issues: Issues): void {
  let last = 0;
  for (const [at, [start, end]] of list.entries()) {
    const of = `${pointer}/${at}`;
    if (end <= start) issues.add(of, `is empty: its end must exceed its start, got [${start}, ${end}].`);
    else if (length !== null && end > length) {
      issues.add(of, `must lie within the ${length} characters of the answer, got [${start}, ${end}].`);
    } else if (start < last) {
      issues.add(of, `begins before the span in front of it ends, at ${last}: sort them, and part those that overlap.`);
    }
    last = Math.max(last, end);
  }
}
