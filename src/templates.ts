/** Templates with `{name}` in them, and where in the text what was filled in stands. */

/** Characters [start, end) of a text. */
export type Range = readonly [start: number, end: number];

export interface Filled<Name extends string> {
  text: string;
  /** Where each value stands first. */
  ranges: Partial<Record<Name, Range>>;
}

/** Puts values in the place of their names. Braces around other words stay as they are. */
export function fill<Name extends string>(template: string, values: Partial<Record<Name, string>>): Filled<Name> {
  const ranges: Partial<Record<Name, Range>> = {};
  let text = '';
  let at = 0;
  for (const match of template.matchAll(/\{(\w+)\}/g)) {
    const name = match[1] as Name;
    const value = values[name];
    if (value === undefined) continue;
    text += template.slice(at, match.index);
    ranges[name] ??= [text.length, text.length + value.length];
    text += value;
    at = match.index + match[0].length;
  }
  return { text: text + template.slice(at), ranges };
}

/** `first` and `second`, with the separator between them where neither brings it. */
export function joined(first: string, second: string, separator: string): string {
  return first.endsWith(separator) || second.startsWith(separator) ? first + second : first + separator + second;
}

/** What stands in front of `{name}`, with the values before it filled in. */
export function before<Name extends string>(
  template: string,
  name: Name,
  values: Partial<Record<Name, string>> = {},
): string {
  return fill(template.slice(0, Math.max(0, template.indexOf(`{${name}}`))), values).text;
}
