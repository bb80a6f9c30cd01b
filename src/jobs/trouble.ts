/** What is wrong with a Redis, told from an error by its class and code, with what an operator can do about it. */
import { NoAnswerError } from './patience.ts';

/** Why Redis cannot do what it was asked. */
export interface Trouble {
  /** The code of Redis' reply (`OOM`), of the system's error (`ECONNREFUSED`), or `SILENT`. */
  code: string;
  /** For everybody: a clause that goes on after "Redis, which holds the jobs,". */
  reason: string;
  /** For the operator: a sentence. */
  remedy: string;
  /** Whether Redis answers at all. */
  answers: boolean;
}

/** There is no connection, and nobody knows why. */
export const UNREACHABLE: Trouble = {
  code: 'UNREACHABLE',
  reason: 'cannot be reached',
  remedy: 'Is it running, and is WHENCE_REDIS_URL right?',
  answers: false,
};

/** Codes with which a server in trouble begins its replies, whatever the command. */
const REPLIES: Record<string, [reason: string, remedy: string]> = {
  OOM: [
    'is full',
    'It has reached its `maxmemory`: give it more, or keep results for less time (WHENCE_RESULT_TTL_SECONDS).',
  ],
  LOADING: ['has just started and is still loading its data', 'Wait: it answers when it has loaded them.'],
  MISCONF: ['cannot save its data to disk and refuses writes', "Look at Redis' log and at its disk."],
  READONLY: ['is a read-only replica', 'Let WHENCE_REDIS_URL lead to the primary.'],
  NOREPLICAS: ['lacks replicas and refuses writes', 'Start the replicas that `min-replicas-to-write` asks for.'],
  MASTERDOWN: ['is a replica without its primary', 'Let WHENCE_REDIS_URL lead to the primary.'],
  NOAUTH: ['asks for a password that this service does not have', 'Put user and password into WHENCE_REDIS_URL.'],
  WRONGPASS: ['refuses our user or password', 'Mend user and password in WHENCE_REDIS_URL.'],
  NOPERM: [
    'does not permit a command that this service needs',
    'Give the user of WHENCE_REDIS_URL all commands on whence:*.',
  ],
  BUSY: ['is busy with a script', 'Wait, or end the script with SCRIPT KILL.'],
  CLUSTERDOWN: ['is a cluster that is down', 'Use a Redis that is not a cluster.'],
  MOVED: ['is a cluster, which this service does not support', 'Use a Redis that is not a cluster.'],
  CROSSSLOT: ['is a cluster, which this service does not support', 'Use a Redis that is not a cluster.'],
};

/** Classes of errors, by name because ioredis does not export them, with which it gives up what it has sent. */
const LOST = ['AbortError', 'InterruptError', 'MaxRetriesPerRequestError'];
/** What it cannot send without a connection it refuses with errors that have neither class nor code. */
const NOT_SENT = ["Stream isn't writeable and enableOfflineQueue options is false", 'Connection is closed.'];

/**
 * The trouble behind the error of a command or a connection; null where the error is of another kind.
 * @param last what was wrong with the connection before: it says more than that a command could not be sent
 */
export function troubleOf(error: unknown, last?: Trouble): Trouble | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'ReplyError') return replied(error.message);
  if (error instanceof NoAnswerError) return silent(error.milliseconds);
  if (LOST.includes(error.name) || NOT_SENT.includes(error.message)) return last ?? unreachable('ECONNRESET');
  if ('code' in error && typeof error.code === 'string') return unreachable(error.code);
  return null;
}

function replied(message: string): Trouble | null {
  // Servers before Redis 7 wrap what a script ran into: `ERR Error running script (…): …: -OOM command not allowed`.
  const code = message.split(' ', 1)[0];
  const inner = code === 'ERR' ? /^ERR Error running script .*?-([A-Z]+) /.exec(message)?.[1] : undefined;
  const known = REPLIES[inner ?? code];
  if (known !== undefined) return { code: inner ?? code, reason: known[0], remedy: known[1], answers: true };
  if (!message.startsWith('ERR max number of clients')) return null;
  return {
    code: 'MAXCLIENTS',
    reason: 'has no room for another client',
    remedy: 'Raise its `maxclients`.',
    answers: true,
  };
}

function silent(milliseconds: number): Trouble {
  return {
    code: 'SILENT',
    reason: `has not answered within ${milliseconds} ms`,
    remedy: 'Is it overloaded, stopped, or cut off by the network?',
    answers: false,
  };
}

function unreachable(code: string): Trouble {
  return { ...UNREACHABLE, code, reason: `cannot be reached (${code})` };
}
