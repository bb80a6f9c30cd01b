/** The tokenizers of the models file, for processes that have no model: read when first needed, then kept. */

import { localModelDir } from '../checkpoints/hub.ts';
import { readModelsFile } from '../checkpoints/models-file.ts';
import type { ChatMessage } from './chat.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

export class LocalTokenizers {
  readonly #modelsFile: string;
  readonly #loaded = new Map<string, Tokenizer>();

  constructor(modelsFile: string) {
    this.#modelsFile = modelsFile;
  }

  /** Null where the model's files are not on this machine, or cannot be read: workers say what is wrong with them. */
  get(modelId: string): Tokenizer | null {
    const loaded = this.#loaded.get(modelId);
    if (loaded !== undefined) return loaded;
    try {
      // Ids come from requests: only those of the models file lead to a directory.
      const entry = readModelsFile(this.#modelsFile).find(({ id }) => id === modelId);
      const dir = entry === undefined ? null : localModelDir(entry.source);
      if (dir === null) return null;
      const tokenizer = loadTokenizer(dir);
      this.#loaded.set(modelId, tokenizer);
      return tokenizer;
    } catch {
      return null;
    }
  }

  /** Tokens of a text as the worker will count them, or null where this process has no tokenizer of the model. */
  async count(
    modelId: string,
    text: string,
    options: { side: 'source' | 'target'; specialTokens: boolean },
  ): Promise<number | null> {
    const tokenizer = this.get(modelId);
    const { side, specialTokens } = options;
    return tokenizer?.count(text, { asTarget: side === 'target', addSpecialTokens: specialTokens }) ?? null;
  }

  /**
   * Tokens of a conversation as the chat template writes it, with a reply behind it; null where this process has no
   * tokenizer of the model, or that has no template.
   * @throws TokenizerError where the template refuses the conversation
   */
  async countConversation(modelId: string, messages: readonly ChatMessage[], reply: string): Promise<number | null> {
    const tokenizer = this.get(modelId);
    if (!tokenizer?.chat) return null;
    return tokenizer.count(tokenizer.chat.render(messages).text + reply, { addSpecialTokens: false });
  }
}
