/** What only a person can mend: a setting, a file, an address. */

/** Exit code of a process that cannot work as it is configured: starting it again would not help. */
export const UNUSABLE = 78;

/** Its message says what is wrong and what to do. Any other error that ends a process is a crash. */
export class UnusableError extends Error {}
