/*
 * The times after which something is considered to hang. A busy machine may need many times as long as a quiet one, and a test
 * that hangs ends late: that is better than one that fails for want of a processor.
 */

/** A test, or the preparation of a file, which may compile a program. Milliseconds. */
export const testHangsMs = 1_800_000;

/** One step of a test: a process starts, a page loads. Milliseconds. */
export const stepHangsMs = 300_000;
