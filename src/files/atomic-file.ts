import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';
import { fsyncDirectory } from './private-files.ts';

/**
 * Writes a file for its owner only. The file appears complete and durable under its name, or not at all, and never
 * replaces another file.
 */
export class AtomicFile {
  readonly path: string;
  /** The path while it is being written. */
  readonly partial: string;
  readonly #descriptor: number;
  bytes = 0;

  /** Throws `E_FILE_EXISTS`, `E_FILE`. */
  constructor(path: string) {
    this.path = resolve(path);
    this.partial = `${this.path}.${randomUUID().slice(0, 8)}.partial`;
    // Checked before the work starts.
    if (existsSync(this.path)) throw this.#failure({ code: 'EEXIST' });
    try {
      this.#descriptor = openSync(this.partial, 'wx', 0o600);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written);
    } catch (error) {
      throw this.#failure(error);
    }
    this.bytes += bytes.length;
  }

  /** Makes the file durable and gives it its final name. */
  finish(): void {
    try {
      fsyncSync(this.#descriptor);
      closeSync(this.#descriptor);
      this.#appear();
      fsyncDirectory(dirname(this.path));
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #appear(): void {
    try {
      linkSync(this.partial, this.path);
      rmSync(this.partial);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      // The file system of a USB stick has no hard links; there, no other process competes for the name.
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
      if (existsSync(this.path)) throw this.#failure({ code: 'EEXIST' });
      renameSync(this.partial, this.path);
    }
  }

  discard(): void {
    try {
      closeSync(this.#descriptor);
    } catch {
      // It is already closed.
    }
    rmSync(this.partial, { force: true });
  }

  #failure(cause: unknown): BrokerError {
    if (cause instanceof BrokerError) return cause;
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      return new BrokerError('E_FILE_EXISTS', `The file ${this.path} already exists.`, {
        help: 'Choose another name. Existing files are never overwritten.',
        cause,
      });
    }
    const help =
      code === 'ENOSPC' || code === 'EDQUOT'
        ? 'The disk is full. Free some space, or choose a file on another disk.'
        : 'Its folder must exist, and you must have permission to write to it.';
    return new BrokerError('E_FILE', `The file ${this.path} cannot be written (${code}).`, { help, cause });
  }
}
