/** The backends that tests compute on: both, or in a quick run (`npm run test:quick`) the native one alone. */

export const BACKENDS: readonly ('tensorflow' | 'wasm')[] =
  process.env.TEST_QUICK === undefined ? ['tensorflow', 'wasm'] : ['tensorflow'];
