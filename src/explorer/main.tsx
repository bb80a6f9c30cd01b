/** The explorer. */
export {};
