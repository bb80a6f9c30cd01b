/** Programs in which a workgroup computes a row: its threads take every 64th column and combine what they found. */

/** Threads of a workgroup. */
export const LANES = 64;
/** Workgroups along the first axis: WebGPU has 65,535 at most on each. */
const MOST_GROUPS = 1024;

/** The parts of a `Program` that give each of `groups` rows a workgroup. */
export const byRow = (groups: number) => ({
  workgroupSize: [LANES, 1, 1] as [number, number, number],
  dispatch: [Math.min(groups, MOST_GROUPS), Math.ceil(groups / MOST_GROUPS), 1] as [number, number, number],
});

/**
 * Finds `group`, the row that a workgroup computes, and `lane`, the thread. Barriers must be met by all workgroups: those
 * beyond the last row compute it over again, and are not `inside`.
 * @param groups - WGSL of the number of rows
 */
export const OWN_ROW = (groups: string) => `
    let wanted = i32(workgroupId.x) + i32(workgroupId.y) * ${MOST_GROUPS};
    let inside = wanted < ${groups};
    let group = min(wanted, ${groups} - 1);
    let lane = i32(localId.x);`;

/**
 * WGSL of a function that combines a value of each thread, in an order of its own, and gives the result to all.
 * @param combine - WGSL of what becomes of `mine` and `other`
 */
export const reduction = (name: string, combine: string) => `
  var<workgroup> ${name}OfLane: array<f32, ${LANES}>;

  fn ${name}(value: f32) -> f32 {
    let lane = i32(localId.x);
    ${name}OfLane[lane] = value;
    workgroupBarrier();
    for (var step = ${LANES / 2}; step > 0; step = step / 2) {
      if (lane < step) {
        let mine = ${name}OfLane[lane];
        let other = ${name}OfLane[lane + step];
        ${name}OfLane[lane] = ${combine};
      }
      workgroupBarrier();
    }
    let all = ${name}OfLane[0];
    workgroupBarrier();
    return all;
  }`;
