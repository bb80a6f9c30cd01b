// What the steps of setup share: paths, running commands with progress, a lock, stamps. Node.js alone, no packages.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const setting = process.env.WHENCE_DATA_DIR?.trim() || '.whence';
export const DATA = isAbsolute(setting) ? setting : join(PROJECT, setting);
/** Native parts belong to the checkout, not to an instance: several data directories share them. */
export const NATIVE = join(PROJECT, '.whence', 'native');
const OLDEST_NODE = [20, 19];

export function say(text) {
  console.log(`setup: ${text}`);
}

/** An error whose message is all that a person needs. */
export class SetupError extends Error {}

export function fail(error) {
  console.error(`setup: ${error instanceof SetupError ? error.message : (error?.stack ?? error)}`);
  process.exit(1);
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(new SetupError(`Node.js ${process.versions.node} is too old; install ${OLDEST_NODE.join('.')} or newer`));
}

/** Whether a program can be run. */
export function hasCommand(name, args = ['--version']) {
  return spawnSync(name, args, { stdio: 'ignore' }).status === 0;
}

/** Says what is done and, until the function that it gives is called, for how long: in place on a terminal. */
export function showProgress(title) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  if (!process.stdout.isTTY) {
    say(`${title} …`);
    const timer = setInterval(() => say(`${title}: ${seconds()}`), 5_000);
    return () => clearInterval(timer);
  }
  const show = () => process.stdout.write(`\rsetup: ${title} … ${seconds()}`);
  show();
  const timer = setInterval(show, 1_000);
  return () => {
    clearInterval(timer);
    show();
    process.stdout.write('\n');
  };
}

/** Runs a command, showing that it still works. Returns its output; throws with its last lines. */
export async function run(title, command, args, options = {}) {
  const end = showProgress(title);
  const child = spawn(command, args, { cwd: PROJECT, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk) => {
    output = (output + chunk).slice(-20_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise((done) => {
    child.on('error', (error) => {
      keep(String(error));
      done(-1);
    });
    child.on('close', done);
  });
  end();
  if (code === 0) return output;
  const lines = output.trim().split('\n').slice(-8).join('\n');
  throw new SetupError(`${title}: ${command} failed (exit code ${code})\n${lines}`);
}

/** Whether packages of a Debian-like system can be installed. */
export function canInstallDebianPackages() {
  return process.getuid?.() === 0 && hasCommand('apt-get');
}

export async function installDebianPackage(name) {
  // RUNLEVEL=1 keeps Debian from starting the package's own service.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const install = ['install', '-y', '--no-install-recommends', name];
  try {
    await run(`installing ${name}`, 'apt-get', install, { env });
  } catch {
    await run('updating the list of packages', 'apt-get', ['update'], { env });
    await run(`installing ${name}`, 'apt-get', install, { env });
  }
}

export function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** Writes a file whole or not at all. */
export function writeText(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

/** One setup at a time in a checkout; a lock whose process is gone is taken over. */
export async function withLock(body) {
  const lock = join(PROJECT, '.whence', 'setup.lock');
  mkdirSync(dirname(lock), { recursive: true });
  let waited = false;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!alive(Number(readText(lock)))) {
        rmSync(lock, { force: true });
        continue;
      }
      if (!waited) say('waiting for another setup of this checkout …');
      waited = true;
      await new Promise((done) => setTimeout(done, 300));
    }
  }
  const release = () => rmSync(lock, { force: true });
  const interrupted = () => {
    release();
    process.exit(130);
  };
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  try {
    await body();
  } finally {
    release();
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
}

function alive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
