import { afterAll, beforeAll, onTestFinished } from 'vitest';

/** While something for a whole file is created: the cleanups at the end of the file. */
let ofFile: (() => unknown)[] | null = null;

/** Calls `clean` when the test ends or, for what `forFile` makes, after the last test of the file. */
export function atEnd(clean: () => unknown): void {
  if (ofFile !== null) ofFile.push(clean);
  else
    onTestFinished(async () => {
      await clean();
    });
}

/**
 * Creates something once for all tests of a file or a `describe`, which have to leave it as it was: starting a server with
 * a store takes many times as long as sending it a request. Call this outside of tests, and what it returns within them.
 */
export function forFile<T>(make: () => Promise<T>): () => T {
  const cleanups: (() => unknown)[] = [];
  let made: { value: T } | null = null;
  beforeAll(async () => {
    ofFile = cleanups;
    try {
      made = { value: await make() };
    } finally {
      ofFile = null;
    }
  });
  afterAll(async () => {
    for (const clean of cleanups.splice(0).toReversed()) await clean();
  });
  return () => {
    if (made === null) throw new Error('it is made before the first test');
    return made.value;
  };
}
