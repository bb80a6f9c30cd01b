/** What a campaign measured, as its section of docs/promises.md has it. */

import type { Campaign } from '../test/promises/campaign.ts';
import type { Tally } from '../test/promises/tally.ts';

/** The document with the rows of one campaign replaced by those of `tally`. */
export function withRows(document: string, name: string, campaign: Campaign, tally: Tally, machine: string): string {
  const section = new RegExp(`(<!-- soak: ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`);
  if (!section.test(document)) throw new Error(`docs/promises.md has no section <!-- soak: ${name} -->`);
  const rows = campaign
    .rows(tally)
    .map(({ what, measured, aim, holds }) => `| ${what} | ${measured} | ${aim ?? ''} | ${verdict(aim, holds)} |`);
  const rounds = tally.count('rounds');
  const caption =
    `${new Date().toISOString().slice(0, 10)}, ${machine}; ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ` +
    `${Math.max(1, Math.round(tally.count('seconds') / 60))} minutes.`;
  const table = ['| measured | | promised | |', '|---|---|---|---|', ...rows].join('\n');
  return document.replace(section, (_, begin: string, end: string) => `${begin}${table}\n\n${caption}\n${end}`);
}

function verdict(aim: string | null, holds: boolean): string {
  if (aim === null) return '';
  return holds ? 'holds' : '**broken**';
}
