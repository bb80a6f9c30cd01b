/** What `whence help`, and `--help` after a command, say. */

const SETTINGS = 'Settings are environment variables (WHENCE_…); the README lists them.';

export const HELP = {
  whence: `whence: which input tokens did each generated token come from?

  whence up       Redis (unless WHENCE_REDIS_URL is set), the API and one worker, for one machine
  whence api      the HTTP API alone; needs WHENCE_REDIS_URL
  whence worker   one worker alone; needs WHENCE_REDIS_URL
  whence models   \`list\`, \`add MODEL\` and \`remove ID\`: the models to serve
  whence keys     \`add NAME\`, \`list\` and \`remove NAME\`: the API keys of WHENCE_KEYS_FILE
  whence attribute-dataset   the records of a file, attributed by a running service
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
the Redis of WHENCE_REDIS_URL. SIGTERM lets the running job end within 5 seconds, or hands it over to another worker.

${SETTINGS}
`,
  keys: `usage: whence keys add NAME [--scopes submit,read,admin] [--weight W] [--expires TIME]
       whence keys list
       whence keys remove NAME [--sha256 DIGITS]

Edits the keys file (WHENCE_KEYS_FILE), which holds hashes alone; APIs take a change over within a second. A name is a
tenant: jobs are its own. It may have an old and a new key; --sha256 removes the one whose hash begins so. Left out, the
scopes are submit and read; admin sees and does everything. With a weight of 2 a name gets twice the device of one of 1.
From its --expires on (such as 2027-01-31T00:00:00Z) a key is refused.
`,
  'attribute-dataset': `usage: whence attribute-dataset FILE --model MODEL --input-field NAME --output FILE [options]

Attributes every record of FILE (.jsonl, .csv or .tsv, the latter with a first line of names) as one batch of a running
service, and writes what comes of them in the order of the records. Interrupted, it goes on where it was when the same
command is run again: what it needs for that stands in OUTPUT.state.json.

  --model MODEL            an id of GET /models
  --input-field NAME       the field with the input text; or --messages-field: with the messages of a chat (.jsonl)
  --generated-field NAME   the field with the output to attribute; left out: the model generates
  --id-field NAME          the field that names a record in the results; left out: its number, from 1
  --method METHOD          an id of GET /methods
  --attributed-fn NAME     an id of GET /step-functions
  --step-scores A,B        ids of GET /step-functions
  --body JSON              other fields of POST /attribute, such as '{"generation_args": {"max_new_tokens": 5}}'
  --output FILE            .jsonl: a line for each record; .csv: a row for each score; .json: a file for Inseq
  --overwrite              begin anew, whatever stands in OUTPUT
  --url URL                the service; left out: WHENCE_URL, else that of \`whence up\` with the same settings
  --api-key KEY            left out: WHENCE_API_KEY, which keeps it out of the list of processes
`,
  models: `usage: whence models list
       whence models add MODEL [--id ID] [--quantization int8|none] [--pool POOL]
       whence models remove ID

Lists and edits the models file (WHENCE_MODELS_FILE). MODEL is a repository of the Hugging Face hub,
OWNER/NAME[@REVISION], which is downloaded, or the directory of a checkpoint. Workers read the file when they start.
`,
} as const;
