import { randomBytes } from 'node:crypto';

let lastTime = 0;
let sequence = 0;

/**
 * A new job id: a UUID of version 7 (RFC 9562). Ids of one process sort by creation, so that the job indexes need no other
 * order; 62 random bits make them unguessable.
 */
export function newJobId(now = Date.now()): string {
  sequence = now > lastTime ? 0 : sequence + 1;
  if (sequence > 0xfff) [sequence, lastTime] = [0, lastTime + 1]; // 4096 ids in a millisecond: borrow from the next
  lastTime = Math.max(now, lastTime);
  const bytes = randomBytes(16);
  bytes.writeUIntBE(lastTime, 0, 6);
  bytes.writeUInt16BE(0x7000 | sequence, 6);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
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
