/** The request of a result, to be sent again: by this page, from a terminal, from Python. */

import type { Result } from '../contract/result.ts';

/** The request of a result, without what is as by default or has nothing to say. */
export function bodyOfResult({ info }: Result): Record<string, unknown> {
  const { request } = info;
  const kept = Object.entries(request).filter(([, value]) => {
    if (value === null || value === false) return false;
    return typeof value !== 'object' || Object.keys(value as object).length > 0;
  });
  const { input_texts, generated_texts, ...rest } = Object.fromEntries(kept);
  const single = (texts: unknown) => (Array.isArray(texts) && texts.length === 1 ? texts[0] : texts);
  return {
    ...rest,
    ...(input_texts !== undefined && { input_texts: single(input_texts) }),
    ...(generated_texts !== undefined && { generated_texts: single(generated_texts) }),
  };
}

/** As curl, which waits for the result. @param base - address of the service, without a slash at its end */
export function asCurl(base: string, body: unknown): string {
  const json = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -s ${base}/attribute -H 'Content-Type: application/json' -H 'Prefer: wait=60' \\\n  -d '${json}'`;
}

/** As Python, by the package in `clients/python`. */
export function asPython(base: string, body: Record<string, unknown>): string {
  const args = Object.entries(body).map(([name, value]) => `    ${name}=${pythonLiteral(value)},`);
  return `import whence\n\nclient = whence.Client(${JSON.stringify(base)})\nresult = client.attribute(\n${args.join('\n')}\n)\nprint(result)`;
}

/** A value of JSON as Python writes it. */
export function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${JSON.stringify(key)}: ${pythonLiteral(inner)}`)
      .join(', ')}}`;
  }
  return JSON.stringify(value); // strings of JSON are strings of Python
}
