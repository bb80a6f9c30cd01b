/** Bodies as the API completes them, for what calls the engine itself. */

import { Value } from 'typebox/value';
import { AttributeContextBody, type AttributeContextRequest } from '../src/contract/attribute-context-request.ts';
import { AttributeBody, type AttributeRequest } from '../src/contract/attribute-request.ts';
import type { Catalogue } from '../src/contract/catalogue.ts';
import type { CompletionContext } from '../src/requests/complete.ts';
import { completeRequest } from '../src/requests/complete.ts';
import { completeContextRequest } from '../src/requests/complete-context.ts';

type BodyFor<B> = { model: string } & Partial<B>;

/** Lengths are left to the engine to check. */
const contextOf = (catalogue: Catalogue): CompletionContext => ({
  catalogue,
  tokens: { count: async () => null, countConversation: async () => null, longestToken: async () => null },
  allowPrivateWebhooks: false,
});

/** @throws {InvalidRequestError} that lists everything that is wrong */
export async function attributeRequest(catalogue: Catalogue, body: BodyFor<AttributeBody>): Promise<AttributeRequest> {
  const whole = Value.Default(AttributeBody, body) as AttributeBody;
  return (await completeRequest(whole, contextOf(catalogue))).request;
}

/** @throws {InvalidRequestError} that lists everything that is wrong */
export async function contextRequest(
  catalogue: Catalogue,
  body: BodyFor<AttributeContextBody>,
): Promise<AttributeContextRequest> {
  const whole = Value.Default(AttributeContextBody, body) as AttributeContextBody;
  return (await completeContextRequest(whole, contextOf(catalogue))).request;
}
