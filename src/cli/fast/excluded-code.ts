/*
 * In the bundle of a fast path, the build replaces modules that are loaded on demand with `excluded-module.ts`. That module
 * calls `requestFullProgram` when it is loaded.
 */

let isRequested = false;

/** Whether this run needed code that its bundle excludes. */
export function needsFullProgram(): boolean {
  return isRequested;
}

export function requestFullProgram(): void {
  isRequested = true;
}

/** Replaces a class of a package that a fast path excludes. */
export class ExcludedClass {
  constructor() {
    requestFullProgram();
    throw new Error('This bundle does not contain that class.');
  }
}
