/** Writes the table of settings into the README; a test holds it against src/config.ts. */

import { readFileSync, writeFileSync } from 'node:fs';
import { withSettings } from './settings-table.ts';

const readme = new URL('../README.md', import.meta.url);
writeFileSync(readme, withSettings(readFileSync(readme, 'utf8')));
console.log('README.md has the settings of src/config.ts.');
