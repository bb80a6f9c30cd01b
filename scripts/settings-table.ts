/** The README's table of settings, made of src/config.ts. */

import { VARIABLES } from '../src/config.ts';

const SECTION = /(<!-- settings: .* -->\n)[\s\S]*?(<!-- end of settings -->)/;

/** The README with its table of settings as the code has them now. */
export function withSettings(readme: string): string {
  const rows = VARIABLES.map(
    ({ name, fallback, description }) =>
      `| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${description} |`,
  );
  const table = ['| variable | default | what it sets |', '|---|---|---|', ...rows].join('\n');
  return readme.replace(SECTION, (_, begin: string, end: string) => `${begin}${table}\n${end}`);
}
