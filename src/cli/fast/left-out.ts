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

/** Stands for a class of a package that a fast path leaves out. */
export class LeftOut {
  constructor() {
    reportNeed();
    throw new Error('This file of the program does not contain that class.');
  }
}
