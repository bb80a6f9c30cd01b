/**
 * Every limit of a request, in one place: schemas, messages and documentation read these numbers.
 * Limits that depend on the model (positions, memory) are in the catalogue and the configuration.
 */
export const LIMITS = {
  /** Texts in one request. */
  texts: 64,
  /** Characters (UTF-16 units) of one text. */
  textCharacters: 32_768,
  /** Characters (UTF-16 units) of a context, or of all documents together: what the model takes is the limit. */
  contextCharacters: 1_000_000,
  /** Characters (UTF-16 units) of a template. */
  templateCharacters: 8_192,
  /** Documents of one request. */
  documents: 256,
  /** Units of all documents that are scored. */
  units: 1_024,
  /** Parts of an answer that get sources: its sentences and the spans that the request names. */
  citations: 256,
  /** Spans of one answer that `target_spans` names. */
  targetSpans: 256,
  /** Random ablations of one request. */
  ablations: 1_024,
  /** Messages in one conversation. */
  messages: 256,
  /** Parts of the content of one message. */
  contentParts: 64,
  /** Tokens that the model may generate for one text. */
  newTokens: 512,
  /** Tokens that it generates where nothing is asked for and the model has room. */
  defaultNewTokens: 20,
  beams: 16,
  /** Ids, or sequences of ids, in one list of `generation_args`. */
  tokenIds: 1_024,
  /** Step scores computed beside one attribution. */
  stepScores: 16,
  /** Most probable tokens listed for one step. */
  topAlternatives: 20,
  /** Faithfulness metrics of one request, and copies of each text that they may run. */
  metrics: 16,
  metricCopies: 512,
  /** Methods that one evaluation compares, and evaluations of a model that are kept. */
  evaluatedMethods: 16,
  evaluationsKept: 10,
  /** Aggregators chained in one request. */
  aggregators: 16,
  /** Bytes of a request body. */
  bodyBytes: 4 * 1024 * 1024,
  /** Values and keys of a body: each object, list, key, text, number, true, false and null. */
  bodyValues: 20_000,
  /** Levels of lists and objects in a body. */
  bodyDepth: 64,
  /** Seconds of `Prefer: wait=N`. */
  waitSeconds: 60,
  /** Largest `priority`; the smallest is as far below 0. */
  priority: 10,
  /** Characters of an `Idempotency-Key`. */
  idempotencyKeyCharacters: 255,
  /** Characters of an API key. */
  apiKeyCharacters: 512,
  /** Entries of a job's `metadata`. */
  metadataEntries: 16,
  metadataNameCharacters: 64,
  metadataValueCharacters: 512,
  /** Characters of an `X-Request-Id` that is taken over. */
  requestIdCharacters: 128,
  /** Jobs on one page of `GET /jobs`. */
  pageSize: 100,
  /** Lines of a batch. */
  batchLines: 100_000,
  /** Bytes of a batch's lines together; one line may have as many as a request body. */
  batchBytes: 256 * 1024 * 1024,
  /** Characters of a `custom_id`. */
  customIdCharacters: 256,
  /** Batches that have lines left to compute. */
  unfinishedBatches: 64,
  /** Characters of an id in a path, encoded. */
  pathParameterCharacters: 512,
  urlCharacters: 2_048,
  webhookSecretCharacters: 256,
  /** Largest seed: an unsigned 32-bit integer. */
  seed: 4_294_967_295,
} as const;
