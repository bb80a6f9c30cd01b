/**
 * WebGPU without a GPU: SwiftShader, the software adapter that Debian's package chromium-common carries with a Vulkan
 * loader of its own. It computes some 0.4 GFLOP/s and compiles a program in 100 ms: for tiny models.
 */

import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

const FOLDER = '/usr/lib/chromium';
const DRIVER = join(FOLDER, 'vk_swiftshader_icd.json');
const LOADER = join(FOLDER, 'libvulkan.so.1');
/** glibc's, by which a library stays loaded though Node.js finds no module in it. */
const RTLD_NODELETE = 0x1000;

/**
 * Makes SwiftShader the adapter of this process, unless its environment names another Vulkan driver.
 * @returns why there is none; null: there is one
 */
export function useSoftwareGpu(): string | null {
  // This one may have come from the parent, whose libraries have not.
  if ((process.env.VK_ICD_FILENAMES ?? DRIVER) !== DRIVER) return null;
  if (!existsSync(DRIVER) || !existsSync(LOADER)) {
    return `SwiftShader is not at ${FOLDER}: install Debian's package chromium-common`;
  }
  process.env.VK_ICD_FILENAMES = DRIVER;
  try {
    // Dawn asks for libvulkan.so.1 and finds this one, whether the system has one or not.
    process.dlopen({ exports: {} }, LOADER, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch {
    // It is no module of Node.js: that is what is said here.
  }
  return null;
}

/**
 * For tests on WebGPU: where there is no adapter they are skipped with the reason, except where `CI` is set: there the
 * lack of one is a failure.
 */
export function softwareGpu(): { skip: string | false } {
  const missing = useSoftwareGpu();
  if (missing !== null && process.env.CI) throw new Error(`no adapter for the tests on WebGPU: ${missing}`);
  return { skip: missing ?? false };
}
