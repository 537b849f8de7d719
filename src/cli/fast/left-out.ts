/*
 * In the bundle of a fast path, the build replaces modules that are loaded on demand with `left-out-module.ts`. That module
 * calls `reportNeed` when it is loaded.
 */

let needed = false;

/** Whether this run needed code that its bundle leaves out. */
export function isNeeded(): boolean {
  return needed;
}

export function reportNeed(): void {
  needed = true;
}

/** Replaces a class of a package that a fast path leaves out. */
export class LeftOut {
  constructor() {
    reportNeed();
    throw new Error('This bundle does not contain that class.');
  }
}
