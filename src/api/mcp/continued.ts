/** A prompt and its answer as one text. */

/** Scripts that put no space between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/**
 * The whole text that a model which continues prompts has said. Agents write answers without the space in front: it is put
 * there where two words would become one.
 */
export function continued(prompt: string, answer: string): string {
  if (answer.startsWith(prompt)) return answer;
  const [before] = /.$/su.exec(prompt) ?? [''];
  const [after] = /^./su.exec(answer) ?? [''];
  const together = /[\s([{"'“‘/-]$/u.test(before) || !/^[\p{L}\p{N}]/u.test(after);
  const unspaced = UNSPACED.test(before) || UNSPACED.test(after);
  return prompt === '' || together || unspaced ? prompt + answer : `${prompt} ${answer}`;
}
