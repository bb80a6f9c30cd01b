// SwiftShader, a WebGPU adapter that computes on the CPU, for tests: Debian's package chromium-common carries it with its
// Vulkan loader. Tests without it are skipped and say so, or fail where `CI` is set; a service has no use for it.
import { existsSync } from 'node:fs';
import { canInstallDebianPackages, installDebianPackage, say } from './tools.mjs';

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const USERS = ['test', 'test:webgpu'];

export async function installSoftwareGpu() {
  if (!USERS.includes(process.env.npm_lifecycle_event) || existsSync(DRIVER) || !canInstallDebianPackages()) return;
  try {
    await installDebianPackage('chromium-common');
  } catch (error) {
    say(`${error.message.split('\n')[0]}; there are no tests on WebGPU without it`);
  }
}
