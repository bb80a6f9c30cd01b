import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBrokenSecret, sign } from '../../src/webhooks/signature.ts';

test('a signature is what the libraries of Standard Webhooks compute', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'; // the example of the specification's libraries
  assert.equal(
    sign(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}'),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

test('secrets that say they are base64 and are not are told from those that are', () => {
  for (const secret of ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_YQ==', 'whsec_YQ', 'plain text, no base64']) {
    assert.equal(isBrokenSecret(secret), false, secret);
  }
  for (const secret of ['whsec_', 'whsec_a', 'whsec_not base64!', 'whsec_YQ===']) {
    assert.equal(isBrokenSecret(secret), true, secret);
  }
});
