/** The thread of a BoundedTokenizer: reads one tokenizer, then answers how many tokens texts have. */

import { parentPort, workerData } from 'node:worker_threads';
import type { CountReply, CountRequest, ThreadRequest } from './bounded.ts';
import { TokenizerError } from './errors.ts';
import { longestToken } from './longest-token.ts';
import { type CheckpointIds, readCheckpointIds, tokensOfText } from './text-sizes.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

function load(dir: string): Tokenizer | null {
  try {
    return loadTokenizer(dir);
  } catch {
    return null; // Workers say what is wrong with a checkpoint's files.
  }
}

function count(tokenizer: Tokenizer, request: CountRequest): number | null {
  if (request.kind === 'text') return tokenizer.count(request.text, { ...request, oneBos: true });
  if (tokenizer.chat === null) return null;
  return tokenizer.count(tokenizer.chat.render(request.messages).text + request.reply, { addSpecialTokens: false });
}

let ids: CheckpointIds | null = null;

function answer(tokenizer: Tokenizer, request: ThreadRequest): CountReply {
  try {
    if (request.kind === 'sizes') {
      ids ??= readCheckpointIds(dir);
      return { kind: 'sizes', tokens: tokensOfText(tokenizer, ids, request.question) };
    }
    return { kind: 'count', tokens: count(tokenizer, request) };
  } catch (error) {
    if (error instanceof TokenizerError) return { kind: 'refused', message: error.message };
    throw error;
  }
}

const send = (reply: CountReply): void => parentPort?.postMessage(reply);
const dir = String(workerData);
const tokenizer = load(dir);
send({ kind: 'ready', readable: tokenizer !== null, longestToken: tokenizer && longestToken(dir) });
if (tokenizer !== null) parentPort?.on('message', (request: ThreadRequest) => send(answer(tokenizer, request)));
