/** How large a piece of work should be for the device that computes. */

/** Rows beyond which a matrix product gains nothing from being larger: every core is busy. */
const OF_CPU = 1024;
/**
 * A product of fewer rows leaves lanes of a GPU idle, and a launch costs the CPU as much as it computes. On an H100
 * products gain up to some 16,000 rows, integrated gradients up to 32,000.
 */
const OF_GPU = 32_768;

/** Floating-point operations that two cores do in some 100 ms. */
const LOOK_OF_CPU = 2e10;

let device: 'cpu' | 'gpu' = 'cpu';

/** Says what computes from now on. */
export function computeOn(name: 'cpu' | 'gpu'): void {
  device = name;
}

export function enoughRows(): number {
  return device === 'gpu' ? OF_GPU : OF_CPU;
}

/**
 * Floating-point operations of a product between two looks at the stop signal. A GPU's ops are queued long before they
 * run, so that looks in between would see nothing.
 */
export function flopPerLook(): number {
  return device === 'gpu' ? Number.POSITIVE_INFINITY : LOOK_OF_CPU;
}
