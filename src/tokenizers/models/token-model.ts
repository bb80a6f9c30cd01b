/** What a tokenization model is: one pre-tokenized piece to vocabulary entries. */

/** Vocabulary entry `id` stands for code units [start, end) of the piece. */
export interface PieceToken {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export interface TokenModel {
  readonly vocab: ReadonlyMap<string, number>;
  /** Tokens by id, where two ids may have the same token, which `vocab` cannot say. */
  readonly tokens?: readonly string[];
  readonly unkId: number | null;
  tokenize(piece: string): readonly PieceToken[];
}
