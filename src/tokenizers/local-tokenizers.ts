/** Token counts for processes that have no model: the tokenizers of the models file, each in a thread of its own. */

import { localModelDir } from '../checkpoints/hub.ts';
import { readModelsFile } from '../checkpoints/models-file.ts';
import { BoundedTokenizer, type CountLimits } from './bounded.ts';
import type { ChatMessage } from './chat.ts';
import type { TextQuestion, TextTokens } from './text-sizes.ts';

/** No request waits for its tokens for so long. */
const LONGEST_REQUEST_MS = 30_000;

export class LocalTokenizers {
  readonly #modelsFile: string;
  readonly #limits: Partial<CountLimits>;
  readonly #tokenizers = new Map<string, BoundedTokenizer>();

  constructor(modelsFile: string, limits: Partial<CountLimits> = {}) {
    this.#modelsFile = modelsFile;
    this.#limits = limits;
  }

  /** Null where the model's files are not on this machine. */
  #get(modelId: string): BoundedTokenizer | null {
    const known = this.#tokenizers.get(modelId);
    if (known !== undefined) return known;
    const dir = this.#dir(modelId);
    if (dir === null) return null;
    const tokenizer = new BoundedTokenizer(dir, modelId, this.#limits);
    this.#tokenizers.set(modelId, tokenizer);
    return tokenizer;
  }

  #dir(modelId: string): string | null {
    try {
      // Ids come from requests: only those of the models file lead to a directory.
      const entry = readModelsFile(this.#modelsFile).find(({ id }) => id === modelId);
      return entry === undefined ? null : localModelDir(entry.source);
    } catch {
      return null; // Workers say what is wrong with the models file.
    }
  }

  /**
   * Tokens of a text as the worker will count them, or null where this process has no tokenizer of the model.
   * @throws TokenizerLimitError when a limit of time or memory is reached; TokenizerError where the text is refused
   */
  async count(
    modelId: string,
    text: string,
    { side, specialTokens }: { side: 'source' | 'target'; specialTokens: boolean },
  ): Promise<number | null> {
    const request = { kind: 'text', text, asTarget: side === 'target', addSpecialTokens: specialTokens } as const;
    return this.#get(modelId)?.count(request) ?? null;
  }

  /**
   * Tokens of a conversation as the chat template writes it, with a reply behind it; null where this process has no
   * tokenizer of the model, or that has no template.
   * @throws TokenizerLimitError when a limit is reached; TokenizerError where the template refuses the conversation
   */
  async countConversation(modelId: string, messages: readonly ChatMessage[], reply: string): Promise<number | null> {
    return this.#get(modelId)?.count({ kind: 'conversation', messages, reply }) ?? null;
  }

  /**
   * What a text comes to when it is attributed; null where this process has no tokenizer of the model.
   * @throws TokenizerLimitError when a limit is reached; TokenizerError where the text is refused
   */
  async sizes(modelId: string, question: TextQuestion): Promise<TextTokens | null> {
    return this.#get(modelId)?.sizes(question) ?? null;
  }

  /** Characters that a token of the model stands for at most; null where that is not known here, or not limited. */
  async longestToken(modelId: string): Promise<number | null> {
    return this.#get(modelId)?.longestToken() ?? null;
  }

  /** Reads the models file and the tokenizers anew. What is being counted is counted to its end. */
  reload(): void {
    const old = [...this.#tokenizers.values()];
    this.#tokenizers.clear();
    const end = () => void Promise.all(old.map((tokenizer) => tokenizer.close()));
    setTimeout(end, LONGEST_REQUEST_MS).unref();
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all([...this.#tokenizers.values()].map((tokenizer) => tokenizer.close()));
    this.#tokenizers.clear();
  }
}
