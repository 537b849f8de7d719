import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Settings } from '../config.ts';
import { BrokerError } from '../errors.ts';
import { storeIdentity } from '../store/identity.ts';
import type { Db } from '../store/store.ts';
import type { KeyKind } from './make-key.ts';
import { type KeySource, keyFilePath } from './obtain-key.ts';

/*
 * A database file that is put back from an old copy looks as sound as it did then: removed tokens are there again, and
 * clients that were removed may fetch them. So what was last seen of the store (the end of its audit log) is kept
 * beside the key, where a copy of the database does not reach. It is written after the store and never before, so that
 * it may lag behind it and is never ahead: a crash in between raises no alarm.
 */

const seenSchema = z.object({
  id: z.string(),
  /** The store's life; see `StoreIdentity`. */
  life: z.string(),
  /** The last row of the audit log. */
  seq: z.int(),
  hash: z.string(),
});
type Seen = z.infer<typeof seenSchema>;
const allSeenSchema = z.record(z.string(), seenSchema);

type Source = Pick<KeySource, 'keychain'> & {
  settings: Pick<Settings, 'home' | 'keyFile' | 'databaseUrl'>;
};

/** Other processes learn of a change after this time at the latest. Milliseconds. */
const rememberEveryMs = 60_000;

/** What is only read does not have to be remembered in a keychain at once: writing there takes a while. */
const onlyRead = ['read', 'introspect', 'check'];

export class Witness {
  readonly #db: Db;
  readonly #source: Source;
  readonly #kind: () => KeyKind;
  readonly #timer: NodeJS.Timeout;
  #remembered: number | null = null;

  private constructor(db: Db, source: Source, kind: () => KeyKind) {
    this.#db = db;
    this.#source = source;
    this.#kind = kind;
    this.#timer = setInterval(() => void this.remember(), rememberEveryMs).unref();
  }

  /**
   * Compares the store with what was last seen of it, and watches it from now on. `kind` tells where the key is, and so
   * where that was noted. Throws `E_STORE_OLDER` where the store is neither that one nor what came of it.
   */
  static async of(db: Db, source: Source, kind: () => KeyKind): Promise<Witness> {
    const witness = new Witness(db, source, kind);
    try {
      await witness.#refuseOlder();
      return witness;
    } catch (error) {
      clearInterval(witness.#timer);
      throw error;
    }
  }

  async #refuseOlder(): Promise<void> {
    const seen = (await allSeen(this.#source, this.#kind()))[placeOf(this.#source)];
    if (seen === undefined) return;
    const identity = await storeIdentity(this.#db);
    if (identity.id !== seen.id) return;
    if (identity.life !== seen.life) {
      if (identity.before.includes(seen.life)) return;
      throw older('It comes from before a backup was restored.');
    }
    const { seq } = await headOf(this.#db);
    if (seq < seen.seq) {
      throw older(`Its audit log ends at row ${seq}; row ${seen.seq} was seen here.`);
    }
    const row = await this.#db
      .selectFrom('audit')
      .select(['seq', 'hash'])
      .where('seq', '>=', seen.seq)
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    // Rows that were pruned are gone from the start on.
    if (row === undefined || row.seq !== seen.seq || row.hash === seen.hash) {
      this.#remembered = seen.seq;
      return;
    }
    throw older(`Row ${seen.seq} of its audit log is another than was seen here.`);
  }

  /** Takes note of where the store is now. Best effort: what cannot be written only makes the next look less sharp. */
  async remember(): Promise<void> {
    try {
      const { seq, hash } = await headOf(this.#db);
      const kind = this.#kind();
      if (seq === this.#remembered || (kind === 'keychain' && !(await this.#hasChanged()))) return;
      const { id, life } = await storeIdentity(this.#db);
      await writeSeen(this.#source, kind, { id, life, seq, hash });
      this.#remembered = seq;
    } catch {
      // see above
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.remember();
  }

  async #hasChanged(): Promise<boolean> {
    const row = await this.#db
      .selectFrom('audit')
      .select('seq')
      .where('seq', '>', this.#remembered ?? 0)
      .where('action', 'not in', onlyRead)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }
}

/** The lives that were seen of a store at this place, wherever that was noted. */
export async function livesSeen(source: Source): Promise<string[]> {
  const kinds: KeyKind[] = ['file', 'passphrase', 'keychain'];
  const all = await Promise.all(kinds.map((kind) => allSeen(source, kind)));
  return all.flatMap((each) => each[placeOf(source)]?.life ?? []);
}

/**
 * For a store that holds nothing yet: refuses one in which something was seen before, at this very place. Its file was
 * removed, emptied or replaced; a new store in its stead would look as if there had never been a token.
 */
export async function refuseEmptied(db: Db, source: Source): Promise<void> {
  const lives = await livesSeen(source);
  if (lives.length === 0) return;
  const { before } = await storeIdentity(db);
  if (lives.every((life) => before.includes(life))) return;
  throw new BrokerError('E_STORE_EMPTY', 'The store is empty, and it was not when it was used here last.', {
    help: 'Was its database removed, emptied or replaced? Put it back, or bring back a backup: webex-token restore FILE. To begin anew on purpose: webex-token restore --in-place',
  });
}

function older(why: string): BrokerError {
  return new BrokerError(
    'E_STORE_OLDER',
    `The database is older than what was seen of it here: it was put back from a copy. ${why}`,
    {
      help: 'What was stored, removed or changed since then is missing in it. Put the right one back; or, if this was meant, take it as it is now with: webex-token restore --in-place',
    },
  );
}

async function headOf(db: Db): Promise<{ seq: number; hash: string }> {
  return await db.selectFrom('audit_head').select(['seq', 'hash']).executeTakeFirstOrThrow();
}

/** Stands for the database's place. Another place is another store: a copy goes its own way. */
export function placeOf({ settings: { databaseUrl, home } }: Source): string {
  const place = databaseUrl ? withoutPassword(databaseUrl) : home;
  return createHash('sha256').update(place).digest('base64url').slice(0, 22);
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  parsed.password = '';
  return parsed.href;
}

/** In the keychain, or beside the key file; for a passphrase in the data folder. */
function fileOf({ settings }: Source, kind: 'file' | 'passphrase'): string {
  return kind === 'file' ? `${keyFilePath(settings)}.seen` : join(settings.home, 'store.seen');
}

/** One for each store: Windows keeps 2,560 bytes in one. */
function keychainEntry(source: Source): string {
  return `seen-${placeOf(source)}`;
}

async function allSeen(source: Source, kind: KeyKind): Promise<Record<string, Seen>> {
  try {
    const bytes =
      kind === 'keychain'
        ? await source.keychain.get(keychainEntry(source))
        : readFileSync(fileOf(source, kind));
    return bytes === null ? {} : allSeenSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return {};
  }
}

async function writeSeen(source: Source, kind: KeyKind, seen: Seen): Promise<void> {
  const own = { [placeOf(source)]: seen };
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
