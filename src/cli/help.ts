/** What `whence help`, and `--help` after a command, say. */

const SETTINGS = 'Settings are environment variables (WHENCE_…); the README lists them.';

export const HELP = {
  whence: `whence: which input tokens did each generated token come from?

  whence up       Redis (unless WHENCE_REDIS_URL is set), the API and one worker, for one machine
  whence api      the HTTP API alone; needs WHENCE_REDIS_URL
  whence worker   one worker alone; needs WHENCE_REDIS_URL
  whence models   \`list\`, \`add MODEL\` and \`remove ID\`: the models to serve
  whence help     this text; \`whence COMMAND --help\` tells more about a command
  whence --version

${SETTINGS}
`,
  up: `usage: whence up

Starts Redis (unless WHENCE_REDIS_URL is set), the API and one worker, and starts again what ends unexpectedly. Ctrl-C
stops everything. Data are kept in WHENCE_DATA_DIR; the API listens on WHENCE_HOST and WHENCE_PORT.

${SETTINGS}
`,
  api: `usage: whence api

Starts the HTTP API alone, on WHENCE_HOST and WHENCE_PORT, with the Redis of WHENCE_REDIS_URL. It learns from the workers
which models there are; where it can read WHENCE_MODELS_FILE too, it refuses texts that are too long at once.

${SETTINGS}
`,
  worker: `usage: whence worker

Starts one worker, which computes the jobs of the pool WHENCE_POOL one at a time, with the models of WHENCE_MODELS_FILE and
the Redis of WHENCE_REDIS_URL. SIGTERM lets the running job end, for 20 seconds at most, or hands it back.

${SETTINGS}
`,
  models: `usage: whence models list
       whence models add MODEL [--id ID] [--quantization int8|none] [--pool POOL]
       whence models remove ID

Lists and edits the models file (WHENCE_MODELS_FILE). MODEL is a repository of the Hugging Face hub,
OWNER/NAME[@REVISION], which is downloaded, or the directory of a checkpoint. Workers read the file when they start.
`,
} as const;
