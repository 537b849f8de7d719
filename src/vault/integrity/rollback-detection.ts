import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Settings } from '../../config/settings.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { auditHead } from '../../store/audit/audit.ts';
import { firstAuditRowFrom, hasAuditRowAfter } from '../../store/audit/read.ts';
import type { Db } from '../../store/db.ts';
import { kindTitles } from '../../store/integrity/kinds.ts';
import { checkEveryRow, rowMacHead } from '../../store/integrity/row-macs.ts';
import { identityHolds, storeIdentity } from '../../store/meta/incarnation.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { KeyKind } from '../keys/create-key.ts';
import { type KeySource, keyFilePath } from '../keys/load-key.ts';
import { authenticateOnce } from './authenticate-once.ts';
import { seenPlace } from './seen-location.ts';

/*
 * A database file that is put back from an old copy looks as sound as it did then: removed tokens are there again, and
 * clients that were removed may fetch them. So what was last seen of the store (the end of its audit log) is kept
 * beside the key, where a copy of the database does not reach. It is written after the store and never before, so that
 * it may lag behind it and is never ahead: a crash in between raises no alarm.
 */

const seenSchema = z.object({
  id: z.string(),
  /** The store's life; see `StoreIdentity`. */
  incarnation: z.string(),
  /** The last row of the audit log. */
  seq: z.int(),
  hash: z.string(),
  /** How often rows that grant access were changed; absent where they had no codes yet. */
  changes: z.int().optional(),
});
export type SeenState = z.infer<typeof seenSchema>;
const allSeenSchema = z.record(z.string(), seenSchema);

type StateLocation = Pick<KeySource, 'keychain'> & {
  settings: Pick<Settings, 'home' | 'keyFile' | 'databaseUrl'>;
};

/** How often a running program compares, and other processes learn of a change at the latest. Milliseconds. */
const compareEveryMs = 10_000;

/** How long a keychain is waited for by a command that needs nothing else of it. Milliseconds. */
const keychainPatienceMs = 3_000;

/** What is only read does not have to be remembered in a keychain at once: writing there takes a while. */
const onlyRead = ['read', 'introspect', 'check'];

/** Up to so many rows that grant access are all checked, and not only those that are used. */
const rowsCheckedAtMost = 2_000;

export class RollbackDetector {
  readonly #db: Db;
  readonly #source: StateLocation;
  readonly #kind: () => KeyKind;
  readonly #timer: NodeJS.Timeout;
  /** The newest state that was seen of the store. It only moves forward. */
  #newest: SeenState | null = null;
  #written: number | null = null;
  #problem: BrokerError | null = null;
  #told: (problem: BrokerError) => void = () => {};

  private constructor(db: Db, source: StateLocation, kind: () => KeyKind) {
    this.#db = db;
    this.#source = source;
    this.#kind = kind;
    this.#timer = setInterval(() => void this.remember(), compareEveryMs).unref();
  }

  /**
   * Compares the store with what was last seen of it, and watches it from now on. `kind` tells where the key is, and so
   * where that was noted. Throws `E_STORE_ROLLED_BACK` where the store is neither that one nor what came of it, `E_INTEGRITY`
   * where rows that grant access were changed from outside.
   */
  static async of(
    db: Db,
    source: StateLocation & Pick<KeySource, 'onWarning'>,
    kind: () => KeyKind,
  ): Promise<RollbackDetector> {
    const witness = new RollbackDetector(db, source, kind);
    try {
      const seen = await seenState(source, kind());
      await compareStore(db, source, kind());
      witness.#newest = await stateOf(db);
      witness.#written = seen?.seq ?? null;
      return witness;
    } catch (error) {
      clearInterval(witness.#timer);
      throw error;
    }
  }

  /** What is wrong with the store, once something is: nothing more is served from it then. */
  get problem(): BrokerError | null {
    return this.#problem;
  }

  /** Notes that the store was found rolled back, or changed from outside. */
  report(problem: BrokerError): void {
    if (this.#problem !== null) return;
    this.#problem = problem;
    this.#told(problem);
  }

  /** Who is told, once, that nothing more is served. */
  whenWrong(told: (problem: BrokerError) => void): void {
    this.#told = told;
  }

  /** Compares the store with what was seen of it. Throws what is wrong. */
  async compare(): Promise<void> {
    if (this.#problem === null) {
      try {
        await this.#compare();
      } catch (error) {
        if (!isWrong(error)) throw error;
        this.report(error);
      }
    }
    if (this.#problem !== null) throw this.#problem;
  }

  async #compare(): Promise<void> {
    await refuseOlder(this.#db, this.#newest);
    this.#newest = await stateOf(this.#db);
    await checkEveryRow(this.#db, rowsCheckedAtMost);
  }

  /** Takes note of where the store is now, if that is newer. Best effort: what cannot be written only makes the next look less sharp. */
  async remember(): Promise<void> {
    try {
      await this.compare();
      const now = this.#newest;
      const kind = this.#kind();
      if (now === null || now.seq === this.#written) return;
      if (kind === 'keychain' && !(await this.#hasChanged())) return;
      // Another process may have seen more, of this very store.
      await refuseOlder(this.#db, await seenState(this.#source, kind));
      await writeSeen(this.#source, kind, now);
      this.#written = now.seq;
    } catch (error) {
      if (isWrong(error)) this.report(error);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.remember();
  }

  async #hasChanged(): Promise<boolean> {
    return await hasAuditRowAfter(this.#db, this.#written ?? 0, onlyRead);
  }
}

function isWrong(error: unknown): error is BrokerError {
  return (
    error instanceof BrokerError && (error.code === 'E_STORE_ROLLED_BACK' || error.code === 'E_INTEGRITY')
  );
}

async function stateOf(db: Db): Promise<SeenState> {
  const { seq, hash } = await auditHead(db);
  const { id, incarnation } = await storeIdentity(db);
  const changes = (await rowMacHead(db))?.counter;
  return { id, incarnation: incarnation, seq, hash, ...(changes !== undefined && { changes }) };
}

async function refuseOlder(db: Db, seen: SeenState | null): Promise<void> {
  if (seen === null) return;
  const identity = await storeIdentity(db);
  if (identity.id !== seen.id) return;
  const head = await rowMacHead(db);
  if (seen.changes !== undefined && head === null) {
    throw older('The codes of its rows are missing.');
  }
  if (identity.incarnation !== seen.incarnation) {
    const follows = identity.ancestors.includes(seen.incarnation);
    if (follows && (head === null || (await identityHolds(db, identity)) !== false)) return;
    throw older('It comes from before a backup was restored.');
  }
  if (seen.changes !== undefined && head !== null && head.counter < seen.changes) {
    throw older(`Its rows are at change ${head.counter}; change ${seen.changes} was seen here.`);
  }
  const { seq } = await auditHead(db);
  if (seq < seen.seq) {
    throw older(`Its audit log ends at row ${seq}; row ${seen.seq} was seen here.`);
  }
  const row = await firstAuditRowFrom(db, seen.seq);
  // Rows that were pruned are gone from the start on.
  if (row === null || row.seq !== seen.seq || row.hash === seen.hash) return;
  throw older(`Row ${seen.seq} of its audit log is another than was seen here.`);
}

/** Compares a store whose keys are open with what was last seen of it, once. Throws `E_STORE_ROLLED_BACK`, `E_INTEGRITY`. */
export async function compareStore(
  db: Db,
  source: StateLocation & Pick<KeySource, 'onWarning'>,
  kind: KeyKind,
): Promise<void> {
  await refuseOlder(db, await seenState(source, kind));
  await authenticateOnce(db);
  for (const { kind, row } of (await checkEveryRow(db, rowsCheckedAtMost)).slice(0, 5)) {
    const name = 'name' in row ? ` (${sanitizeForDisplay(String(row.name), 80)})` : '';
    source.onWarning(
      `${kindTitles[kind]}${name} was changed in the database from outside this program, and is not used. Restore a backup, or accept it as it is: webex-token restore --accept-rollback`,
    );
  }
}

/** Compares a store that was opened without its keys. False where what was seen of it cannot be read here. */
export async function compareWithSeen(db: Db, source: StateLocation, kind: KeyKind): Promise<boolean> {
  const tooLong = new Promise<null>((resolve) => {
    setTimeout(resolve, keychainPatienceMs, null).unref();
  });
  const seen = await Promise.race([readSeen(source, kind).catch(() => null), tooLong]);
  if (seen === null) return false;
  await refuseOlder(db, seen[seenPlace(source.settings)] ?? null);
  return true;
}

/** What was seen of a store at this place, wherever that was noted: its lives, and the most changes. */
export async function everSeen(source: StateLocation): Promise<{ lives: string[]; changes: number }> {
  const kinds: KeyKind[] = ['file', 'passphrase', 'keychain'];
  const all = await Promise.all(kinds.map((kind) => seenState(source, kind)));
  const seen = all.filter((each) => each !== null);
  return {
    lives: seen.map(({ incarnation }) => incarnation),
    changes: Math.max(0, ...seen.map((each) => each.changes ?? 0)),
  };
}

/**
 * For a store that holds nothing yet: refuses one in which something was seen before, at this very place. Its file was
 * removed, emptied or replaced; a new store in its stead would look as if there had never been a token.
 */
export async function assertNotEmptied(db: Db, source: StateLocation): Promise<void> {
  const { lives } = await everSeen(source);
  if (lives.length === 0) return;
  const { ancestors } = await storeIdentity(db);
  if (lives.every((incarnation) => ancestors.includes(incarnation))) return;
  throw new BrokerError('E_STORE_EMPTIED', 'The store is empty, and it was not when it was used here last.', {
    help: 'Was its database removed, emptied or replaced? Put it back, or bring back a backup: webex-token restore FILE. To begin anew on purpose: webex-token restore --accept-rollback',
  });
}

function older(why: string): BrokerError {
  return new BrokerError(
    'E_STORE_ROLLED_BACK',
    `The database is older than what was seen of it here: it was put back from a copy. ${why}`,
    {
      help: 'What was stored, removed or changed since then is missing in it. Put the right one back; or, if this was meant, take it as it is now with: webex-token restore --accept-rollback',
    },
  );
}

/** In the keychain, or beside the key file; for a passphrase in the data folder. */
function fileOf({ settings }: StateLocation, kind: 'file' | 'passphrase'): string {
  return kind === 'file' ? `${keyFilePath(settings)}.seen` : join(settings.home, 'store.seen');
}

/** One for each store: Windows keeps 2,560 bytes in one. */
function keychainEntry(source: StateLocation): string {
  return `seen-${seenPlace(source.settings)}`;
}

async function seenState(source: StateLocation, kind: KeyKind): Promise<SeenState | null> {
  return (await allSeen(source, kind))[seenPlace(source.settings)] ?? null;
}

async function allSeen(source: StateLocation, kind: KeyKind): Promise<Record<string, SeenState>> {
  try {
    return await readSeen(source, kind);
  } catch {
    return {};
  }
}

async function readSeen(source: StateLocation, kind: KeyKind): Promise<Record<string, SeenState>> {
  const bytes =
    kind === 'keychain'
      ? await source.keychain.get(keychainEntry(source))
      : readIfThere(fileOf(source, kind));
  return bytes === null ? {} : allSeenSchema.parse(JSON.parse(bytes.toString('utf8')));
}

function readIfThere(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function writeSeen(source: StateLocation, kind: KeyKind, seen: SeenState): Promise<void> {
  const own = { [seenPlace(source.settings)]: seen };
  if (kind === 'keychain') {
    await source.keychain.set(keychainEntry(source), Buffer.from(JSON.stringify(own)));
    return;
  }
  const text = JSON.stringify({ ...(await allSeen(source, kind)), ...own });
  const file = fileOf(source, kind);
  const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}
