/** A typed client of Whence. */

export {
  type ContextRequest,
  type ContextResult,
  createWhence,
  type Job,
  type JobEvent,
  type Request,
  type Result,
  type Whence,
} from './client.ts';
export { WhenceError } from './errors.ts';
export type { components, paths } from './schema.ts';
