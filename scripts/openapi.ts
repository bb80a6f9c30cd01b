/**
 * Writes openapi/openapi.json from the routes, and the types of clients/typescript from that (`npm run openapi`). Tests
 * fail where a committed file differs.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { openApiDocument } from '../src/api/openapi/document.ts';
import { writeClientTypes } from './client-types.ts';

const target = new URL('../openapi/openapi.json', import.meta.url);
await mkdir(new URL('.', target), { recursive: true });
await writeFile(target, await openApiDocument());
writeClientTypes();
console.log('openapi/openapi.json and the types of clients/typescript are written.');
