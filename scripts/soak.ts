/**
 * Puts a promise to a long test and writes what came of it into docs/promises.md.
 *
 *   npm run test:soak                            the campaigns
 *   npm run test:soak -- kills                   an hour, or until Ctrl-C; another run goes on where this one ended
 *   npm run test:soak -- kills --minutes 10      shorter
 *   npm run test:soak -- kills --fresh           forgets earlier runs
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CAMPAIGNS } from '../test/promises/campaigns.ts';
import { Tally } from '../test/promises/tally.ts';
import { withRows } from './promises-table.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENT = join(PROJECT, 'docs', 'promises.md');
const STATE = join(PROJECT, '.whence', 'soak');
const MOST_MINUTES = 60;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: `${MOST_MINUTES}` }, fresh: { type: 'boolean', default: false } },
});
const [name] = positionals;
const campaign = Object.entries(CAMPAIGNS).find(([key]) => key === name)?.[1];
if (name === undefined || campaign === undefined) {
  const known = Object.entries(CAMPAIGNS).map(
    ([key, { promise, title }]) => `  ${key.padEnd(10)} ${promise}. ${title}`,
  );
  console.error([`npm run test:soak -- NAME [--minutes N] [--fresh], where NAME is one of`, ...known].join('\n'));
  process.exit(name === undefined ? 0 : 2);
}
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= MOST_MINUTES)) {
  console.error(`--minutes is ${values.minutes}; it must be a number above 0, at most ${MOST_MINUTES}`);
  process.exit(2);
}

mkdirSync(STATE, { recursive: true });
const file = join(STATE, `${name}.json`);
const tally = existsSync(file) && !values.fresh ? Tally.from(JSON.parse(readFileSync(file, 'utf8'))) : new Tally();
let stopping = false;
process.once('SIGINT', () => {
  stopping = true;
  say('ends with this round; Ctrl-C again ends it at once');
  process.once('SIGINT', () => process.exit(130));
});

const end = Date.now() + minutes * 60_000;
while (!stopping && Date.now() < end) {
  tally.add('rounds');
  const begun = Date.now();
  const until = Math.min(end, begun + campaign.roundSeconds * 1000);
  await campaign.run({ until, seed: tally.count('rounds'), tally, say });
  tally.add('seconds', Math.round((Date.now() - begun) / 1000));
  writeFileSync(file, JSON.stringify(tally));
  writeFileSync(DOCUMENT, withRows(readFileSync(DOCUMENT, 'utf8'), name, campaign, tally, machine()));
}
for (const { what, measured, aim, holds } of campaign.rows(tally)) {
  console.log(`${holds ? '  ' : '! '}${what}: ${measured}${aim === null ? '' : ` (promised: ${aim})`}`);
}
for (const line of tally.broken) console.log(`! ${line}`);
process.exit(tally.count('broken') > 0 ? 1 : 0);

function say(line: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
}

function machine(): string {
  const [{ model }] = cpus();
  return `${cpus().length} cores of ${model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}
