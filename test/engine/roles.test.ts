/** Roles of a conversation's tokens. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { giveRoles } from '../../src/engine/tokens.ts';

test('a token has the role of the message that it overlaps, also where it begins or ends in the template', () => {
  // "user: Tell me." written by a template around two messages: <u: ><Tell><, a: ><Yes><> >
  const spans = [
    { start: 0, end: 3, role: null, message: null },
    { start: 3, end: 7, role: 'user', message: 0 },
    { start: 7, end: 10, role: null, message: null },
    { start: 10, end: 13, role: 'system', message: 1 },
    { start: 13, end: 15, role: null, message: null },
  ];
  const at = (start: number | null, end: number | null) => ({ id: 0, token: '', start, end });
  const cases = [
    { token: at(null, null), role: undefined },
    { token: at(0, 2), role: undefined },
    { token: at(2, 4), role: 'user' },
    { token: at(4, 6), role: 'user' },
    { token: at(6, 8), role: 'user' },
    { token: at(7, 10), role: undefined },
    { token: at(6, 11), role: 'user' },
    { token: at(9, 12), role: 'system' },
    { token: at(13, 14), role: undefined },
    { token: at(14, 16), role: 'assistant' },
    { token: at(15, 18), role: 'assistant' },
    { token: at(3, 3), role: 'user' },
  ];
  giveRoles(
    cases.map(({ token }) => token),
    spans,
    15,
  );
  for (const { token, role } of cases)
    assert.equal('role' in token ? token.role : undefined, role, JSON.stringify(token));
});
