/*
 * Where a fast path would load code on demand, the build puts `left-out-module.ts`, which reports it here.
 */

let needed = false;

/** Whether this run has needed code that its file leaves out. */
export function isNeeded(): boolean {
  return needed;
}

export function reportNeed(): void {
  needed = true;
}
