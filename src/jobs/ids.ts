/** Ids of jobs: UUIDs of version 7 (RFC 9562), which sort by creation, so that the job indexes need no other order. */
import { v7 } from 'uuid';

/**
 * A new id. Those of one process ascend, also within a millisecond and when the clock is set back; 42 bits or more of
 * each are random, so that nobody guesses one.
 */
export function newJobId(): string {
  return v7();
}

/** Never used again, also where BullMQ lost its count. */
export function newTurnId(): string {
  return v7();
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether `text` can be a job id at all; anything else never reaches Redis as part of a key. */
export function isJobId(text: string): boolean {
  return UUID.test(text);
}

/** When the job was created, milliseconds since 1970. */
export function jobIdTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
