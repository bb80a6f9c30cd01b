/** What a Redis that works may still do to our jobs: throw them away, or be too old. */
import type { Redis } from 'ioredis';

/** BullMQ and our scripts need this much; Valkey says a `redis_version` that it is compatible with. */
const OLDEST = [6, 2] as const;

/** Sentences for the operator; none where all is well, or where the server does not say. */
export async function checkServer(redis: Redis): Promise<string[]> {
  const info = await redis.info().catch(() => ''); // a user without the right to ask is none of our business
  const warnings: string[] = [];
  const policy = field(info, 'maxmemory_policy');
  if (policy !== null && policy !== 'noeviction') {
    warnings.push(
      `Redis may throw jobs and results away when its memory is full: its maxmemory-policy is ${policy}. ` +
        'Set it to noeviction.',
    );
  }
  const version = field(info, 'redis_version');
  if (version !== null && isOlder(version)) {
    warnings.push(`Redis ${version} is too old for this service: it needs ${OLDEST.join('.')} or later.`);
  }
  return warnings;
}

function field(info: string, name: string): string | null {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
}

function isOlder(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
