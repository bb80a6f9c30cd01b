/** How large a piece of work should be for the device that computes. */

/** Rows beyond which a matrix product gains nothing from being larger: every core is busy. */
const OF_CPU = 1024;
/**
 * A product of fewer rows leaves lanes of a GPU idle, and a launch costs the CPU as much as it computes. On an H100
 * products gain up to some 16,000 rows, integrated gradients up to 32,000.
 */
const OF_GPU = 32_768;

let enough = OF_CPU;

/** Says what computes from now on. */
export function computeOn(device: 'cpu' | 'gpu'): void {
  enough = device === 'gpu' ? OF_GPU : OF_CPU;
}

export function enoughRows(): number {
  return enough;
}
