/** What the OpenAPI document says beside the routes. */

export const DESCRIPTION = `Whence answers one question: *which input tokens did each generated token come from?*

1. \`POST /attribute\` accepts a text for a model and answers with a job.
2. \`GET /jobs/{id}\` and \`/jobs/{id}/events\` show how far it is.
3. \`GET /jobs/{id}/result\` and \`/jobs/{id}/heatmap\` give the attributions.

Data sets go to \`POST /batches\`, one request a line; \`GET /batches/{id}/results\` streams what becomes of them.

Names are those of the Python library Inseq and of Hugging Face. Errors are problem details (RFC 9457): \`errors\` lists every
field at fault with a JSON pointer, the value and the remedy. A 503 carries \`Retry-After\`.`;

export const TAGS = [
  { name: 'attribution', description: 'Ask which input tokens a generation came from.' },
  { name: 'jobs', description: 'Follow, cancel and read attribution jobs.' },
  { name: 'batches', description: 'Attribute a data set: many requests, one a line.' },
  { name: 'catalogue', description: 'Models, methods, step functions and aggregators that this service has.' },
  { name: 'access', description: 'Sign in with a browser; read what was shared.' },
  { name: 'operation', description: 'Health and metrics.' },
];
