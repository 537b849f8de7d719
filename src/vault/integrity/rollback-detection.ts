import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { commandLine } from '../../errors/remedy.ts';
import { rowText } from '../../store/audit/chain.ts';
import { chainEnds } from '../../store/audit/heads.ts';
import { firstAuditRowFrom, hasAuditRowAfter } from '../../store/audit/read.ts';
import type { Db } from '../../store/db.ts';
import { checkEveryRow } from '../../store/integrity/all-rows.ts';
import { kindTitles } from '../../store/integrity/kinds.ts';
import { rowMacHead } from '../../store/integrity/mac-queries.ts';
import { listKeyEncryptionKeys } from '../../store/keys/keys.ts';
import { identityHolds, storeIdentity } from '../../store/meta/incarnation.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { KeyKind } from '../keys/create-key.ts';
import { type KeySource, keyFilePath } from '../keys/load-key.ts';
import { authenticateOnce } from './authenticate-once.ts';
import { seenChains, toSeenChains } from './seen-chains.ts';
import { seenPlaces, seenStateEntry } from './seen-location.ts';
import { parseSeenStates, type SeenState } from './seen-state.ts';
import { unreadableFile } from './unreadable-file.ts';

/*
 * A database that was rolled back to an old copy passes every integrity check: removed tokens are back, and removed clients
 * may fetch them. So the last state seen of the store (the end of each chain of its audit log) is stored next to the key,
 * outside the database. It is written after the store, so it can be behind the store but never ahead of it. A crash therefore
 * causes no false alarm.
 */

type StateLocation = Pick<KeySource, 'keychain'> & {
  settings: Pick<Settings, 'home' | 'keyFile' | 'databaseUrl'>;
};

/** How often a running program compares and stores the state. Milliseconds. */
const compareEveryMs = 10_000;

/** How long a command that does not need the key waits for the keychain. Milliseconds. */
const keychainTimeoutMs = 3_000;

/** Actions that change nothing. After them, the state is not written to a keychain at once, because that is slow. */
const readActions = ['read', 'introspect', 'check'];

/** If the store has at most this many protected rows, all of them are checked, not only those in use. */
const maxRowsToCheck = 2_000;

/** The same for commands that only show data and return no token. It is lower, because people wait for them. */
export const rowsToCheckBeforeShowing = 200;

export class RollbackDetector {
  readonly #db: Db;
  readonly #source: StateLocation;
  readonly #kind: () => KeyKind;
  readonly #rowsToCheck: number;
  readonly #timer: NodeJS.Timeout;
  /** The newest state seen of the store. It never goes back. */
  #newest: SeenState | null = null;
  #written: SeenState | null = null;
  #problem: BrokerError | null = null;
  #onProblem: (problem: BrokerError) => void = () => {};

  private constructor(db: Db, source: StateLocation, kind: () => KeyKind, rowsToCheck: number) {
    this.#db = db;
    this.#source = source;
    this.#kind = kind;
    this.#rowsToCheck = rowsToCheck;
    this.#timer = setInterval(() => void this.remember(), compareEveryMs).unref();
  }

  /**
   * Compares the store with the last state seen on this host, and keeps watching it. The state is stored next to the key,
   * according to `kind`. Throws `E_STORE_ROLLED_BACK` if the store is older than that state, or `E_INTEGRITY` if someone
   * added, removed or put back protected rows.
   */
  static async of(
    db: Db,
    source: StateLocation & Pick<KeySource, 'onWarning'>,
    kind: () => KeyKind,
    rowsToCheck = maxRowsToCheck,
  ): Promise<RollbackDetector> {
    const detector = new RollbackDetector(db, source, kind, rowsToCheck);
    try {
      const seen = await seenStates(source, kind());
      await compareStore(db, source, kind(), rowsToCheck);
      detector.#newest = await stateOf(db);
      detector.#written = sameInEveryPlace(seen, source);
      return detector;
    } catch (error) {
      clearInterval(detector.#timer);
      throw error;
    }
  }

  /** The problem of the store; null if there is none. A store with a problem is no longer used. */
  get problem(): BrokerError | null {
    return this.#problem;
  }

  /** Reports that the store was rolled back or tampered with. */
  report(problem: BrokerError): void {
    if (this.#problem !== null) return;
    this.#problem = problem;
    this.#onProblem(problem);
  }

  /** Sets the listener that is called once with the first problem. */
  onProblem(listener: (problem: BrokerError) => void): void {
    this.#onProblem = listener;
  }

  /** Compares the store with the last state. Throws the problem. */
  async compare(): Promise<void> {
    if (this.#problem === null) {
      try {
        await this.#compare();
      } catch (error) {
        if (!isProblem(error)) throw error;
        this.report(error);
      }
    }
    if (this.#problem !== null) throw this.#problem;
  }

  async #compare(): Promise<void> {
    if (this.#newest !== null) await assertNotOlder(this.#db, this.#newest);
    this.#newest = await stateOf(this.#db);
    await checkEveryRow(this.#db, this.#rowsToCheck);
  }

  /** Stores the current state if it is newer. Best effort: if this fails, the next comparison uses an older state. */
  async remember(): Promise<void> {
    try {
      await this.compare();
      const now = this.#newest;
      const kind = this.#kind();
      if (now === null || (this.#written !== null && isSameLog(now, this.#written))) return;
      if (kind === 'keychain' && !(await this.#hasChanged())) return;
      // Another process may have stored a newer state.
      await assertNotOlder(this.#db, ...(await seenStates(this.#source, kind)));
      await writeSeen(this.#source, kind, now);
      this.#written = now;
    } catch (error) {
      if (isProblem(error)) this.report(error);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.remember();
  }

  async #hasChanged(): Promise<boolean> {
    const written = this.#written === null ? [] : seenChains(this.#written);
    const position = new Map(written.map(({ chain, seq }) => [chain, seq]));
    return await hasAuditRowAfter(this.#db, position, readActions);
  }
}

function isProblem(error: unknown): error is BrokerError {
  return (
    error instanceof BrokerError && (error.code === 'E_STORE_ROLLED_BACK' || error.code === 'E_INTEGRITY')
  );
}

async function stateOf(db: Db): Promise<SeenState> {
  const ends = toSeenChains(await chainEnds(db));
  const { id, incarnation } = await storeIdentity(db);
  const changes = (await rowMacHead(db))?.counter;
  return { id, incarnation: incarnation, ...ends, ...(changes !== undefined && { changes }) };
}

function isSameLog(one: SeenState, other: SeenState): boolean {
  return JSON.stringify(seenChains(one)) === JSON.stringify(seenChains(other));
}

/** The state, if it is stored for every location of the store; otherwise null, so that it is written again. */
function sameInEveryPlace(seen: SeenState[], { settings }: StateLocation): SeenState | null {
  const [first, ...others] = seen;
  if (first === undefined || seen.length < seenPlaces(settings).length) return null;
  return others.every((other) => isSameLog(first, other)) ? first : null;
}

async function assertNotOlder(db: Db, ...seen: SeenState[]): Promise<void> {
  for (const each of seen) await assertNotOlderThan(db, each);
}

async function assertNotOlderThan(db: Db, seen: SeenState): Promise<void> {
  const identity = await storeIdentity(db);
  if (identity.id !== seen.id) return;
  const head = await rowMacHead(db);
  if (seen.changes !== undefined && head === null) {
    throw rolledBack('Its row MACs are missing.');
  }
  if (identity.incarnation !== seen.incarnation) {
    const follows = identity.ancestors.includes(seen.incarnation);
    if (follows && (head === null || (await identityHolds(db, identity)) !== false)) return;
    throw rolledBack('It was created before a backup was restored.');
  }
  if (seen.changes !== undefined && head !== null && head.counter < seen.changes) {
    throw rolledBack(`Its change counter is ${head.counter}, but this host has seen ${seen.changes}.`);
  }
  const ends = new Map((await chainEnds(db)).map(({ chain, seq }) => [chain, seq]));
  for (const { chain, seq, hash } of seenChains(seen)) {
    const end = ends.get(chain) ?? 0;
    if (end < seq) {
      const seenRow = rowText({ chain, seq });
      throw rolledBack(`Its audit log ends at row ${end}, but this host has seen ${seenRow}.`);
    }
    if (seq === 0) continue;
    const row = await firstAuditRowFrom(db, chain, seq);
    // Pruning removes rows from the start.
    if (row === null || row.seq !== seq || row.hash.startsWith(hash)) continue;
    const text = rowText({ chain, seq });
    throw rolledBack(
      `${text[0]?.toUpperCase()}${text.slice(1)} of its audit log differs from the row that this host has seen.`,
    );
  }
}

/** Compares a store whose keys are loaded with the last state, once. Throws `E_STORE_ROLLED_BACK`, `E_INTEGRITY`. */
export async function compareStore(
  db: Db,
  source: StateLocation & Pick<KeySource, 'onWarning'>,
  kind: KeyKind,
  rowsToCheck = maxRowsToCheck,
): Promise<void> {
  await assertNotOlder(db, ...(await seenStatesOrWarning(source, kind)));
  await authenticateOnce(db);
  for (const { kind, row } of (await checkEveryRow(db, rowsToCheck)).slice(0, 5)) {
    const name = 'name' in row ? ` (${sanitizeForDisplay(String(row.name), 80)})` : '';
    source.onWarning(
      `${kindTitles[kind]}${name} was changed in the database by another program, so it is not used. Restore a backup. To accept the database as it is: ${commandLine(['restore', '--accept-rollback'])}`,
    );
  }
}

/** Compares a store that was opened without its keys with the last state. False if that state cannot be read. */
export async function compareWithSeen(db: Db, source: StateLocation, kind: KeyKind): Promise<boolean> {
  const timeout = new Promise<null>((resolve) => {
    setTimeout(resolve, keychainTimeoutMs, null).unref();
  });
  const seen = await Promise.race([readSeen(source, kind).catch(() => null), timeout]);
  if (seen === null) return false;
  await assertNotOlder(db, ...ofPlaces(seen, source));
  return true;
}

/** All states seen of stores in this location: their incarnations, and the highest change counter. */
export async function allSeenStates(
  source: StateLocation,
): Promise<{ incarnations: string[]; changes: number }> {
  const kinds: KeyKind[] = ['file', 'passphrase', 'keychain'];
  const seen = (await Promise.all(kinds.map((kind) => seenStates(source, kind)))).flat();
  return {
    incarnations: seen.map(({ incarnation }) => incarnation),
    changes: Math.max(0, ...seen.map((each) => each.changes ?? 0)),
  };
}

/**
 * Throws `E_STORE_EMPTIED` for an empty store if this host has seen a used store in this location. Someone removed, emptied or
 * replaced the database. Without this error, a new store would hide that there were tokens before.
 */
export async function assertNotEmptied(db: Db, source: StateLocation): Promise<void> {
  const isEmpty = async () => (await listKeyEncryptionKeys(db)).length === 0;
  if (!(await isEmpty())) return;
  const { incarnations } = await allSeenStates(source);
  if (incarnations.length === 0) return;
  const { ancestors } = await storeIdentity(db);
  if (incarnations.every((incarnation) => ancestors.includes(incarnation))) return;
  // Another process may have used the new store first, and these are the states that it has seen.
  if (!(await isEmpty())) return;
  throw new BrokerError(
    'E_STORE_EMPTIED',
    'The store is empty, but it was not empty when this host last used it.',
    {
      help: [
        'Someone removed, emptied or replaced the database. Put it back if you can.',
        { text: 'To restore a backup', command: ['restore', 'FILE'] },
        { text: 'To start with an empty store on purpose', command: ['restore', '--accept-rollback'] },
      ],
    },
  );
}

function rolledBack(why: string): BrokerError {
  return new BrokerError(
    'E_STORE_ROLLED_BACK',
    `The database was rolled back: it is older than the last state seen on this host. ${why}`,
    {
      help: [
        'Changes made since then are missing. Put back the right database.',
        { text: 'To accept it as it is', command: ['restore', '--accept-rollback'] },
      ],
    },
  );
}

/** The file is next to the key file or, for a passphrase, in the data folder. */
function fileOf({ settings }: StateLocation, kind: 'file' | 'passphrase'): string {
  return kind === 'file' ? `${keyFilePath(settings)}.seen` : join(settings.home, 'store.seen');
}

/** The last state seen, for each location of the store that has one. */
async function seenStates(source: StateLocation, kind: KeyKind): Promise<SeenState[]> {
  return ofPlaces(await allSeen(source, kind), source);
}

function ofPlaces(all: Record<string, SeenState>, { settings }: StateLocation): SeenState[] {
  return seenPlaces(settings).flatMap((place) => all[place] ?? []);
}

/** The same. Warns if the states cannot be read: the database could be an older one. */
async function seenStatesOrWarning(
  source: StateLocation & Pick<KeySource, 'onWarning'>,
  kind: KeyKind,
): Promise<SeenState[]> {
  try {
    return ofPlaces(await readSeen(source, kind), source);
  } catch {
    source.onWarning(notCompared(source, kind));
    return [];
  }
}

/** Why a database was not compared with the last state seen, for a person. */
export function notCompared(source: StateLocation, kind: KeyKind): string {
  const unchecked = 'so the database was not checked for a rollback';
  if (kind === 'keychain') return `The last state seen could not be read from the keychain, ${unchecked}.`;
  return unreadableFile(fileOf(source, kind), unchecked);
}

async function allSeen(source: StateLocation, kind: KeyKind): Promise<Record<string, SeenState>> {
  try {
    return await readSeen(source, kind);
  } catch {
    return {};
  }
}

async function readSeen(source: StateLocation, kind: KeyKind): Promise<Record<string, SeenState>> {
  if (kind !== 'keychain') return statesIn(readIfExists(fileOf(source, kind)));
  const all: Record<string, SeenState> = {};
  for (const place of seenPlaces(source.settings)) {
    Object.assign(all, statesIn(await source.keychain.get(seenStateEntry(place))));
  }
  return all;
}

function statesIn(bytes: Buffer | null): Record<string, SeenState> {
  return bytes === null ? {} : parseSeenStates(bytes.toString('utf8'));
}

function readIfExists(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function writeSeen(source: StateLocation, kind: KeyKind, seen: SeenState): Promise<void> {
  const places = seenPlaces(source.settings);
  if (kind === 'keychain') {
    for (const place of places) {
      await source.keychain.set(seenStateEntry(place), Buffer.from(JSON.stringify({ [place]: seen })));
    }
    return;
  }
  const own = Object.fromEntries(places.map((place) => [place, seen]));
  const text = JSON.stringify({ ...(await allSeen(source, kind)), ...own });
  const file = fileOf(source, kind);
  const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}
