/** What Ajv reports of a union: the errors of each branch, then one of the union itself. Kept is what helps. */
import type { ErrorObject } from 'ajv';

/**
 * Errors with those of unions (`anyOf`) thinned: kept are the errors of the branch that got furthest into the value;
 * where no branch got anywhere, one error that names all types.
 *
 * Ajv writes a union's error right behind those of its branches, so that one pass with a stack finds them all: the time
 * is linear in the number of errors, which a client can make large.
 */
export function withoutUnionNoise(errors: readonly ErrorObject[]): ErrorObject[] {
  const kept: ErrorObject[] = [];
  for (const error of errors) {
    if (error.keyword !== 'anyOf') {
      kept.push(error);
      continue;
    }
    let first = kept.length;
    while (first > 0 && isOfBranch(kept[first - 1], error)) first--;
    const best = bestBranch(error, kept.splice(first));
    for (const one of best) kept.push(one); // a branch may have more errors than a call takes arguments
  }
  return kept;
}

/** Whether an error was found by a branch of the union, in the value that the union is about or in a part of it. */
function isOfBranch(error: ErrorObject, { schemaPath, instancePath }: ErrorObject): boolean {
  return (
    isBelow(error.schemaPath, schemaPath) &&
    (error.instancePath === instancePath || isBelow(error.instancePath, instancePath))
  );
}

function isBelow(path: string, ancestor: string): boolean {
  return path.startsWith(ancestor) && path.charCodeAt(ancestor.length) === SLASH;
}

const SLASH = '/'.charCodeAt(0);

interface Branch {
  errors: ErrorObject[];
  reached: number;
}

function bestBranch(union: ErrorObject, errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const branches = new Map<string, Branch>();
  const bySchema = new Map<string, Branch>(); // thousands of errors come from a few places of the schema
  for (const error of errors) {
    let branch = bySchema.get(error.schemaPath);
    if (branch === undefined) {
      const key = branchOf(error, union);
      branch = branches.get(key) ?? { errors: [], reached: 0 };
      branches.set(key, branch);
      bySchema.set(error.schemaPath, branch);
    }
    branch.errors.push(error);
    branch.reached = Math.max(branch.reached, reach(error));
  }
  let best: Branch | undefined;
  for (const branch of branches.values()) if (best === undefined || branch.reached > best.reached) best = branch;
  const isInside = ({ keyword, instancePath }: ErrorObject) =>
    keyword !== 'type' || instancePath !== union.instancePath;
  if (best?.errors.some(isInside)) return best.errors;
  const types = new Set(errors.flatMap((error) => error.params.type ?? []));
  return [{ ...union, keyword: 'type', params: { type: [...types] } }];
}

/** The number of the union's branch that an error belongs to. */
function branchOf(error: ErrorObject, union: ErrorObject): string {
  const from = union.schemaPath.length + 1;
  const to = error.schemaPath.indexOf('/', from);
  return error.schemaPath.slice(from, to < 0 ? undefined : to);
}

/** How far into the value a branch got: by the depth of the field at fault, and past its type. */
function reach({ instancePath, keyword }: ErrorObject): number {
  let depth = keyword === 'required' || keyword === 'additionalProperties' ? 1 : 0;
  for (let at = instancePath.indexOf('/'); at >= 0; at = instancePath.indexOf('/', at + 1)) depth++;
  return 2 * depth + (keyword === 'type' ? 0 : 1);
}
