/** Writes openapi/openapi.json from the routes (`npm run openapi`). A test fails when the committed file differs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { openApiDocument } from '../src/api/openapi/document.ts';

const target = new URL('../openapi/openapi.json', import.meta.url);
await mkdir(new URL('.', target), { recursive: true });
await writeFile(target, await openApiDocument());
console.log('openapi/openapi.json is written.');
