/** What the page shows, as its address. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress, parsePlace, parseShown } from '../../src/explorer/address.ts';

describe('an address', () => {
  it('names the place', () => {
    for (const [query, page] of [
      ['', 'ask'],
      ['?other=1', 'ask'],
      ['?jobs', 'jobs'],
      ['?job=a', 'job'],
      ['?job=a&with=b', 'compare'],
    ]) {
      assert.equal(parsePlace(query).page, page, query);
    }
    for (const query of ['', '?jobs', '?job=a', '?job=a&with=b']) assert.equal(formatAddress(parsePlace(query)), query);
  });

  it('has settings that are not as by default, and the selection', () => {
    const query =
      '?job=a&text=2&units=word&view=scores&toward=effects&scale=each&boost=2.5&shares=1&numbers=0&pick=t5,s3';
    const { settings, selection } = parseShown(query);
    assert.deepEqual(settings, {
      text: 1,
      granularity: 'word',
      panel: 'scores',
      toward: 'effects',
      scale: 'each',
      boost: 2.5,
      shares: true,
      numbers: false,
    });
    assert.deepEqual(selection, { column: 5, row: { side: 'source', token: 3 } });
    const written = formatAddress({ page: 'job', id: 'a' }, { settings, selection });
    assert.deepEqual(parseShown(written), { settings, selection });
    assert.equal(formatAddress({ page: 'job', id: 'a' }, { settings, selection: null }, settings), '?job=a');
  });

  it('leaves out what is not known', () => {
    const query = '?job=a&text=0&units=line&view=x&toward=&boost=99&shares=yes&pick=nothing';
    assert.deepEqual(parseShown(query), { settings: {}, selection: null });
  });
});
