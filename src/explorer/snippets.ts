/** A question to be sent from a terminal or from Python. */

import type { Question } from './question.ts';

/** As curl, which waits for the result. @param base - address of the service, without a slash at its end */
export function asCurl(base: string, { path, body }: Question): string {
  const json = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -s ${base}/${path} -H 'Content-Type: application/json' -H 'Prefer: wait=60' \\\n  -d '${json}'`;
}

/** As Python, by the package in `clients/python`. */
export function asPython(base: string, { path, body }: Question): string {
  const args = Object.entries(body).map(([name, value]) => `    ${name}=${pythonLiteral(value)},`);
  return `import whence\n\nclient = whence.Client(${JSON.stringify(base)})\nresult = client.${path.replaceAll('-', '_')}(\n${args.join('\n')}\n)\nprint(result)`;
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
