/** The README says of the settings what the code does. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withSettings } from '../../scripts/settings-table.ts';
import { VARIABLES } from '../../src/config.ts';

test('the table of settings is that of src/config.ts (npm run docs writes it)', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  assert.equal(readme, withSettings(readme));
  for (const { name } of VARIABLES) assert.ok(readme.includes(`\`${name}\``), name);
});
