/**
 * Checkpoints of the Hugging Face hub, downloaded into the cache that the Python library uses too.
 *
 * Layout: `models--OWNER--NAME/{blobs/HASH, refs/REVISION, snapshots/COMMIT/FILE -> ../../blobs/HASH}`. A download that
 * was interrupted goes on where it stopped, and what arrives is held against the hub's size and hash.
 */

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  downloadFile,
  getHFHubCachePath,
  HubApiError,
  type ListFileEntry,
  listFiles,
  modelInfo,
} from '@huggingface/hub';
import { INDEX, isComplete, readIndex, smallFiles, weightFiles } from './checkpoint-files.ts';
import { readModelConfig } from './config.ts';
import { CheckpointError } from './errors.ts';
import type { ModelSource } from './models-file.ts';
import { refuseQuantizer } from './quantization.ts';

export interface DownloadProgress {
  readonly file: string;
  /** Bytes of all files. */
  readonly done: number;
  readonly total: number;
}

export interface HubOptions {
  /** Default: HF_ENDPOINT, else the public hub. */
  readonly endpoint?: string;
  /** Default: HF_TOKEN. */
  readonly token?: string;
  /** Default: HF_HUB_CACHE, or `hub` in HF_HOME. */
  readonly cacheDir?: string;
  /** Asks the hub also when the revision is in the cache. */
  readonly refresh?: boolean;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

const COMMIT = /^[0-9a-f]{40}$/;

/** The directory of a model's checkpoint, downloaded if it is not there. @throws CheckpointError with the remedy */
export async function resolveModelDir(source: ModelSource, options: HubOptions = {}): Promise<string> {
  if (source.kind === 'directory') return source.dir;
  const folder = repositoryFolder(source.repository, options);
  const cached = options.refresh ? null : cachedSnapshot(folder, source.revision);
  if (cached !== null) return cached;
  try {
    return await download(source.repository, source.revision, folder, options);
  } catch (error) {
    throw describe(error, source.repository, source.revision);
  }
}

/** The directory if it can be had without the network, else null. */
export function localModelDir(source: ModelSource, options: HubOptions = {}): string | null {
  if (source.kind === 'directory') return fs.existsSync(source.dir) ? source.dir : null;
  return cachedSnapshot(repositoryFolder(source.repository, options), source.revision);
}

function repositoryFolder(repository: string, options: HubOptions): string {
  return path.join(options.cacheDir ?? getHFHubCachePath(), `models--${repository.replaceAll('/', '--')}`);
}

function cachedSnapshot(folder: string, revision: string): string | null {
  const ref = path.join(folder, 'refs', revision);
  const commit = COMMIT.test(revision) ? revision : fs.existsSync(ref) ? fs.readFileSync(ref, 'utf8').trim() : '';
  const snapshot = path.join(folder, 'snapshots', commit);
  return COMMIT.test(commit) && isComplete(snapshot) ? snapshot : null;
}

async function download(repository: string, revision: string, folder: string, options: HubOptions): Promise<string> {
  const repo = { type: 'model', name: repository } as const;
  const hubUrl = options.endpoint ?? process.env.HF_ENDPOINT;
  const accessToken = options.token ?? process.env.HF_TOKEN;
  const access = { ...(hubUrl ? { hubUrl: hubUrl.replace(/\/+$/, '') } : {}), ...(accessToken ? { accessToken } : {}) };
  const { sha } = await modelInfo({ name: repository, revision, additionalFields: ['sha'], ...access });
  if (!COMMIT.test(sha)) throw new CheckpointError(repository, `the hub gave ${JSON.stringify(sha)} for a commit`);
  const listed: ListFileEntry[] = [];
  for await (const entry of listFiles({ repo, revision: sha, ...access })) {
    if (entry.type === 'file') listed.push(entry);
  }
  const byPath = new Map(listed.map((entry) => [entry.path, entry]));
  const names = [...byPath.keys()];
  const entriesOf = (files: readonly string[]): ListFileEntry[] => files.flatMap((file) => byPath.get(file) ?? []);
  const snapshot = path.join(folder, 'snapshots', sha);
  await mkdir(path.join(folder, 'blobs'), { recursive: true });
  await mkdir(snapshot, { recursive: true });
  const fetchAll = async (entries: readonly ListFileEntry[], before: number, total: number): Promise<number> => {
    let done = before;
    for (const entry of entries) {
      const report = (bytes: number): void => options.onProgress?.({ file: entry.path, done: done + bytes, total });
      const blob = path.join(folder, 'blobs', blobName(entry));
      if (!fs.existsSync(blob)) {
        const remote = await downloadFile({ repo, path: entry.path, revision: sha, xet: false, ...access });
        if (remote === null)
          throw new CheckpointError(`${repository}/${entry.path}`, 'vanished from the hub; try again');
        await fetchBlob(remote, entry, blob, report);
      }
      report(entry.size);
      done += entry.size;
      await link(path.join(snapshot, entry.path), blob);
    }
    return done;
  };
  const small = entriesOf(smallFiles(repository, names));
  const [index] = small.filter((entry) => entry.path === INDEX);
  // What the index names is known once it is there.
  if (index !== undefined) await fetchAll([index], 0, index.size);
  const shards = index === undefined ? null : readIndex(path.join(snapshot, INDEX));
  const weights = entriesOf(weightFiles(repository, names, shards));
  const total = [...small, ...weights].reduce((sum, { size }) => sum + size, 0);
  // Small files first: what is wrong with them shows before gigabytes have been fetched.
  const done = await fetchAll(small, 0, total);
  refuseQuantizer(snapshot, readModelConfig(snapshot));
  await fetchAll(weights, done, total);
  // The reference is written last: it says that the snapshot is complete.
  if (revision !== sha) {
    const ref = path.join(folder, 'refs', revision);
    await mkdir(path.dirname(ref), { recursive: true });
    await writeFile(ref, sha);
  }
  return snapshot;
}

/** Blobs are named by their hash: SHA-256 of large files, git's object id of the others. */
function blobName(entry: ListFileEntry): string {
  const name = entry.lfs?.oid ?? entry.oid ?? '';
  if (!/^[0-9a-f]{40,64}$/.test(name)) throw new CheckpointError(entry.path, 'the hub gave no hash for it');
  return name;
}

async function fetchBlob(
  remote: Blob,
  entry: ListFileEntry,
  blob: string,
  report: (done: number) => void,
): Promise<void> {
  const incomplete = `${blob}.incomplete`;
  const present = fs.existsSync(incomplete) ? (await stat(incomplete)).size : 0;
  const from = present <= entry.size ? present : 0;
  if (from < entry.size) {
    let done = from;
    await pipeline(
      remote.slice(from, entry.size).stream(),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          done += chunk.byteLength;
          report(done);
          yield chunk;
        }
      },
      fs.createWriteStream(incomplete, { flags: from > 0 ? 'a' : 'w' }),
    );
  } else if (entry.size === 0) {
    await writeFile(incomplete, '');
  }
  const { size } = await stat(incomplete);
  if (size !== entry.size || (await hashOf(incomplete, entry)) !== blobName(entry)) {
    await rm(incomplete);
    throw new CheckpointError(entry.path, `arrived damaged (${size} of ${entry.size} bytes); start the download again`);
  }
  await rename(incomplete, blob);
}

async function hashOf(file: string, entry: ListFileEntry): Promise<string> {
  const hash = entry.lfs ? createHash('sha256') : createHash('sha1').update(`blob ${entry.size}\0`);
  await pipeline(fs.createReadStream(file), hash);
  return hash.digest('hex');
}

async function link(file: string, blob: string): Promise<void> {
  await rm(file, { force: true });
  await symlink(path.relative(path.dirname(file), blob), file);
}

function describe(error: unknown, repository: string, revision: string): unknown {
  if (error instanceof CheckpointError) return error;
  const name = `${repository}@${revision}`;
  if (error instanceof HubApiError) {
    const remedy =
      error.statusCode === 401 || error.statusCode === 403
        ? 'it does not exist, is private or gated: check the name, accept its terms on the hub and set HF_TOKEN'
        : error.statusCode === 404
          ? 'there is no such repository or revision'
          : 'try again later';
    return new CheckpointError(name, `the hub answered ${error.statusCode}: ${remedy}`, { cause: error });
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CheckpointError(
    name,
    `cannot be downloaded (${reason}): check the network and HF_ENDPOINT, or give the model a "path"`,
    { cause: error },
  );
}
