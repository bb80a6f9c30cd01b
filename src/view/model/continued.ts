/** A prompt and its answer as one text. */

/** Scripts that put no space between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** What a word goes on with at once; a quotation mark opens where no word stands before it. */
const OPEN_END = /[\s([{„/-]$|(?:^|[\s([{])["'“‘«]$/u;
/** A word, or one behind what opens a quotation or a parenthesis; an apostrophe does not. */
const WORD_BEGINS = /^["“„‘«([{]?[\p{L}\p{N}]/u;

/**
 * The whole text that a model which continues prompts has said. People and agents write answers without the space in
 * front: it is put there where two words would become one.
 */
export function continued(prompt: string, answer: string): string {
  if (answer.startsWith(prompt)) return answer;
  const [before] = /.$/su.exec(prompt) ?? [''];
  const [after] = /^./su.exec(answer) ?? [''];
  const unspaced = UNSPACED.test(before) || UNSPACED.test(after);
  return unspaced || OPEN_END.test(prompt) || !WORD_BEGINS.test(answer) ? prompt + answer : `${prompt} ${answer}`;
}
