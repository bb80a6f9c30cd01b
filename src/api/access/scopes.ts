/** What a key may do, and how it is told what it may not. */
import { ApiProblem } from '../problems.ts';
import { type ApiKey, mayDo, type Scope } from './keys.ts';

/**
 * @param key - null: the service asks for none, and everybody may do everything
 * @param what - that needs the scope, in a sentence
 * @throws ApiProblem 403
 */
export function requireScope(key: ApiKey | null, scope: Scope, what: string): void {
  if (key === null || mayDo(key, scope)) return;
  const { name, scopes } = key;
  const detail =
    `The key "${name}" has ${scopes.length === 1 ? 'the scope' : 'the scopes'} ${scopes.join(', ')}, and ${what} needs ` +
    `${scope}: use another key, or ask the operator for one with this scope.`;
  throw new ApiProblem('forbidden', 'The API key may not do this', 403, detail);
}

/** @param where - the field, as a JSON pointer @throws ApiProblem 403 where the key may not ask for such a priority */
export function requirePriority(key: ApiKey | null, priority: unknown, where: string): void {
  if (typeof priority === 'number' && priority > 0) requireScope(key, 'admin', `a priority above 0 (${where})`);
}
