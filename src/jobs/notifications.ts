/**
 * Who waits for news of which job. One connection of the process subscribes to the channels of all of them, so that a
 * thousand open event streams cost one connection, and nobody polls.
 */
import type { Redis } from 'ioredis';
import { channels } from './keys.ts';
import { guarded, settle } from './redis.ts';

/** What a channel says; `reconnected` means that news may have been missed. */
type News = 'event' | 'done' | 'removed' | 'reconnected';
type Listener = (news: News) => void;

export class Notifications {
  readonly #redis: Redis;
  readonly #listeners = new Map<string, Set<Listener>>();

  /**
   * @param redis a connection of its own: a subscribed connection can do nothing else
   * @param reader the connection on which the listeners read what is new
   */
  constructor(redis: Redis, reader: Redis) {
    this.#redis = redis;
    redis.on('message', (channel: string, message: string) => {
      for (const listener of this.#listeners.get(channel) ?? []) listener(message as News);
    });
    redis.on('ready', async () => {
      await settle(reader, 5_000); // both come back at about the same time
      for (const listeners of this.#listeners.values()) for (const listener of listeners) listener('reconnected');
    });
  }

  /** Calls `listener` on news of the job until the returned function is called. */
  async subscribe(jobId: string, listener: Listener): Promise<() => void> {
    const channel = channels.job(jobId);
    const listeners = this.#listeners.get(channel) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(channel, listeners);
    const unsubscribe = () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(channel) !== listeners) return;
      this.#listeners.delete(channel);
      this.#redis.unsubscribe(channel).catch(() => {}); // a lost connection has no subscriptions
    };
    try {
      // Cheap and harmless where it is subscribed already.
      await guarded(this.#redis, () => this.#redis.subscribe(channel));
    } catch (error) {
      unsubscribe();
      throw error;
    }
    return unsubscribe;
  }
}
