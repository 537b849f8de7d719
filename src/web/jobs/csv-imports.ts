import { randomUUID } from 'node:crypto';
import type { Vault } from '../../vault/context.ts';

/** How long a file waits for its import. Milliseconds. */
const lifetimeMs = 15 * 60_000;
const maxFiles = 5;

/** Uploaded files that wait for their import. They may contain tokens, so memory holds them only encrypted. */
export class CsvImports {
  readonly #vault: Vault;
  readonly #files = new Map<string, { ciphertext: string; expiresAt: number }>();

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Keeps a file, and returns its ID. */
  async add(text: string): Promise<string> {
    const id = randomUUID();
    const ciphertext = await this.#vault.keys.seal(this.#vault.db, text, { importedFile: id });
    this.#files.set(id, { ciphertext, expiresAt: this.#vault.now() + lifetimeMs });
    const oldest = this.#files.keys().next();
    if (this.#files.size > maxFiles && !oldest.done) this.#files.delete(oldest.value);
    return id;
  }

  /** The text of a file; null if it waited too long. */
  async read(id: string | undefined): Promise<string | null> {
    for (const [each, { expiresAt }] of this.#files)
      if (expiresAt <= this.#vault.now()) this.#files.delete(each);
    const file = this.#files.get(id ?? '');
    return file === undefined
      ? null
      : await this.#vault.keys.open(file.ciphertext, { importedFile: id ?? '' });
  }

  remove(id: string): void {
    this.#files.delete(id);
  }
}
