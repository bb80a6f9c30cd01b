// The CUDA build: NVIDIA's libraries, from the wheels that the extra `and-cuda` of tensorflow's own wheel names, laid out
// beside libtensorflow. The engine's process finds them by LD_LIBRARY_PATH (src/cuda-environment.ts).
import { existsSync, statfsSync } from 'node:fs';
import { NATIVE, PROJECT, run, say } from './tools.mjs';
import { downloadWheel } from './wheels.mjs';

/** Wheels, and what is in them, at the same time. */
const NEEDED_GB = 10;

/** Whether the GPU's build is asked for, or `auto` has found a driver for it. */
export function wantsCuda() {
  const device = process.env.WHENCE_DEVICE?.trim() || 'auto';
  if (device === 'cuda') return true;
  return device === 'auto' && (existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidiactl'));
}

/** Why it cannot be installed here, or null. */
export function findCudaObstacle() {
  if (process.arch !== 'x64') return `the CUDA build is for x86-64, and this is ${process.arch}`;
  const { bavail, bsize } = statfsSync(existsSync(NATIVE) ? NATIVE : PROJECT);
  const free = (bavail * bsize) / 1e9;
  return free < NEEDED_GB ? `the CUDA build needs ${NEEDED_GB} GB of disk, and ${free.toFixed(1)} GB are free` : null;
}

/** @param work - the folder of the build; the libraries come to `nvidia/NAME/lib` in it */
export async function installCudaLibraries(wheel, wheels, work) {
  const listed = await run("reading tensorflow's requirements", 'python3', ['-c', REQUIREMENTS, wheel]);
  const requirements = listed.split('\n').filter((line) => line.startsWith('nvidia-'));
  if (requirements.length === 0) throw new Error(`${wheel} names no NVIDIA packages as its extra and-cuda`);
  say(
    `the CUDA build needs ${requirements.length} packages of NVIDIA, about 3 GB; they can be interrupted and go on later`,
  );
  for (const requirement of requirements) {
    await run(`unpacking ${requirement}`, 'python3', ['-c', UNPACK, await downloadWheel(requirement, wheels), work]);
  }
}

/** What the wheel's extra `and-cuda` requires on this machine, a line each. */
const REQUIREMENTS = `
import email, sys, zipfile
from pip._vendor.packaging.requirements import Requirement
with zipfile.ZipFile(sys.argv[1]) as archive:
    name = next(name for name in archive.namelist() if name.endswith('.dist-info/METADATA'))
    metadata = email.message_from_bytes(archive.read(name))
for text in metadata.get_all('Requires-Dist') or []:
    requirement = Requirement(text)
    if requirement.marker and not requirement.marker.evaluate({'extra': ''}) and requirement.marker.evaluate({'extra': 'and-cuda'}):
        print(f'{requirement.name}{requirement.specifier}')
`;

/** Takes everything under nvidia/ but headers: libraries, and the tools and bitcode that XLA calls. */
const UNPACK = `
import os, shutil, sys, zipfile
wheel, work = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        name = entry.filename
        if entry.is_dir() or not name.startswith('nvidia/') or '/include/' in name or '..' in name.split('/'):
            continue
        target = os.path.join(work, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(entry) as source, open(target, 'wb') as file:
            shutil.copyfileobj(source, file, 1 << 20)
        os.chmod(target, (entry.external_attr >> 16) & 0o777 or 0o644)
`;
