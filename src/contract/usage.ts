/** What a job took of the service, in units that a client can foresee. */
export interface Usage {
  /** Of all its texts, those that were given and those that were generated. */
  tokens: number;
  /** Passes of the model, forward and backward: one for each text or copy of it. */
  passes: number;
}
