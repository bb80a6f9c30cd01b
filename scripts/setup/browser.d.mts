/** Types for tests. */
export function findBrowser(): string | null;
