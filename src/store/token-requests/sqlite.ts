import { closeSync, fdatasync, openSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { promisify } from 'node:util';
import type { DataKeys } from '../integrity/mac-keys.ts';
import { openSqliteFile } from '../sqlite/file.ts';
import { auditWriter } from './sqlite-fast-path.ts';
import { type RowChecker, rowChecker } from './sqlite-row-check.ts';
import {
  type Decision,
  decisionOf,
  type FoundRow,
  forgetAssertionsBefore,
  foundColumns,
  headOf,
  type Lookup,
  lookUpKey,
  NotDurable,
  namedRowsOf,
  RetryLater,
  statements,
  type TokenRequestRead,
  type TokenRequestStore,
  toLookup,
  touchStatement,
} from './token-request-store.ts';

/** SQLite's result codes for "another connection is writing": SQLITE_BUSY, and SQLITE_LOCKED. */
const busyCodes = [5, 6];

/** How many lookups are cached for as long as the store does not change. */
const keptLookUps = 1_000;

/** Each parameter occurs once, in order. */
const lookUps = {
  ...lookUpsOf('current', `token.state = 'current'`),
  ...lookUpsOf('anyToken', `token.state in ('current', 'previous')`),
};

function lookUpsOf<Name extends string>(name: Name, tokens: string) {
  const texts = {
    Profiles: `select ${foundColumns} from client
      left join client_profile on client_profile.client_id = client.id
      left join profile on profile.id = client_profile.profile_id
      left join token on token.profile_id = profile.id and ${tokens}
      where client.name = $1 limit $2`,
    OfSecret: `select ${foundColumns} from client
      left join client_profile on client_profile.client_id = client.id
      left join profile on profile.id = client_profile.profile_id
      left join token on token.profile_id = profile.id and ${tokens}
      where client.id in (select id from client where secret_hash = $1
        union select id from client where previous_secret_hash = $2) limit $3`,
    // A cross join keeps this order: a client may have thousands of profiles, an organization has few.
    ProfilesOfOrganization: `select ${foundColumns} from client cross join profile
      cross join client_profile on client_profile.client_id = client.id and client_profile.profile_id = profile.id
      left join token on token.profile_id = profile.id and ${tokens}
      where client.name = $1 and profile.org_id = $2`,
  };
  return {
    [`${name}Profiles`]: texts.Profiles,
    [`${name}ProfilesOfOrganization`]: texts.ProfilesOfOrganization,
    [`${name}OfSecret`]: texts.OfSecret,
  } as Record<`${Name}${keyof typeof texts}`, string>;
}

const every = { ...lookUps, ...statements };

/** Resolves when all data written to an open file is on disk. */
export type Synchronize = (file: number) => Promise<void>;

interface Decided {
  read: TokenRequestRead;
  /** Null if the request must wait. */
  decision: Decision | null;
}

/**
 * Reads on a separate connection, with prepared statements and without promises, which accounts for most of its speed.
 *
 * Waits for the disk without blocking: the commit itself (`synchronous = normal`) only writes to the write-ahead log, and
 * the log is then synchronized to the disk on another thread, exactly as SQLite would do within the commit under `full`. No
 * request is completed before that. The next requests are read in the meantime.
 *
 * Never waits for another writer, because that can be this process itself, between two turns of its event loop.
 */
export class SqliteTokenRequestStore implements TokenRequestStore {
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof typeof every, StatementSync>;
  readonly #dataVersion: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #append: ReturnType<typeof auditWriter>;
  readonly #check: RowChecker;
  readonly #log: number;
  readonly #synchronize: Synchronize;
  /** What was looked up at `#lookedUpAt`: valid until another connection commits. */
  readonly #lookedUp = new Map<string, Lookup>();
  #lookedUpAt = -1;

  constructor(file: string, keys: DataKeys | null, synchronize: Synchronize = promisify(fdatasync)) {
    const database = openSqliteFile(file);
    database.exec('pragma busy_timeout = 0; pragma synchronous = normal');
    this.#database = database;
    this.#synchronize = synchronize;
    this.#statements = Object.fromEntries(
      Object.entries(every).map(([name, text]) => [name, database.prepare(text.replace(/\$\d+/g, '?'))]),
    ) as Record<keyof typeof every, StatementSync>;
    this.#dataVersion = database.prepare('pragma data_version');
    this.#begin = database.prepare('begin immediate');
    this.#commit = database.prepare('commit');
    this.#append = auditWriter(database, keys);
    this.#check = keys === null ? () => null : rowChecker(database, keys);
    // The log stays the same file for as long as a connection is open. Windows synchronizes only what may be written.
    this.#log = openSync(`${file}-wal`, 'r+');
  }

  async run(batch: readonly TokenRequestRead[], now: number): Promise<TokenRequestRead[]> {
    const { decided, version } = this.#decideAll(batch, now);
    try {
      await this.#synchronize(this.#log);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new NotDurable(`the write-ahead log is not on the disk: ${reason}`, { cause: error });
    }
    return this.#complete(decided, version);
  }

  close(): void {
    closeSync(this.#log);
    this.#database.close();
  }

  #decideAll(batch: readonly TokenRequestRead[], now: number): { decided: Decided[]; version: number } {
    try {
      this.#begin.run();
      const version = this.#version();
      this.#forgetLookUpsBefore(version);
      const decided = batch.map((read) => ({ read, decision: this.#decide(read, now) }));
      const entries = decided
        .map(({ decision }) => decision?.entry ?? null)
        .filter((entry) => entry !== null);
      if (entries.length > 0) this.#append(now, entries);
      this.#commit.run();
      return { decided, version };
    } catch (error) {
      this.#lookedUp.clear();
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw asBusy(error);
    }
  }

  #decide(read: TokenRequestRead, now: number): Decision | null {
    const key = lookUpKey(read);
    const kept = this.#lookedUp.get(key);
    const lookedUp = kept ?? this.#find(read);
    const found = lookedUp && this.#withAssertion(lookedUp, read);
    const decision = decisionOf(read, found);
    if (decision === null || found === null || lookedUp === null) return decision;
    // Requests without valid credentials are not cached: anyone could fill the cache with them.
    if (decision.used !== null && kept === undefined) this.#keep(key, lookedUp);
    if (decision.used !== null && read.assertion !== null) {
      const { jtiHash, expiresAt } = read.assertion;
      this.#statements.forgetAssertions.run(forgetAssertionsBefore(now));
      this.#statements.useAssertion.run(found.client.clientId, jtiHash, expiresAt);
    }
    this.#recordUse(found, decision, now);
    return decision;
  }

  #recordUse(found: Lookup, { used }: Decision, now: number): void {
    const touch = touchStatement(found, used, now);
    if (touch === null) return;
    const { clientId } = found.client;
    if (touch === 'touchClient') this.#statements.touchClient.run(now, clientId);
    else this.#statements.touchPreviousSecret.run(now, now, clientId);
    this.#lookedUp.clear();
  }

  /** Another connection may have removed this client since then. */
  #complete(decided: Decided[], version: number): TokenRequestRead[] {
    const again = new Set<TokenRequestRead>();
    const current = this.#version();
    this.#forgetLookUpsBefore(current);
    for (const { read, decision } of decided) {
      const isSame = current === version || !decision?.granted;
      if (decision === null || !(isSame || this.#isStillGranted(read))) again.add(read);
    }
    // Not earlier, so that an error above leaves none of them completed.
    for (const { read, decision } of decided) {
      if (decision !== null && !again.has(read)) read.complete(decision);
    }
    return [...again];
  }

  #isStillGranted(read: TokenRequestRead): boolean {
    return decisionOf(read, this.#find(read))?.granted ?? false;
  }

  #find(read: TokenRequestRead): Lookup | null {
    const all = this.#statements;
    const { secretHash } = read;
    if (read.client === '' && secretHash !== undefined) {
      const ofSecret = read.withPrevious ? all.anyTokenOfSecret : all.currentOfSecret;
      return this.#toLookup(rowsOf(ofSecret, secretHash, secretHash, read.profileLimit), null);
    }
    if (read.client === '') return null;
    const profiles = read.withPrevious ? all.anyTokenProfiles : all.currentProfiles;
    const ofOrganization = read.withPrevious
      ? all.anyTokenProfilesOfOrganization
      : all.currentProfilesOfOrganization;
    let rows: FoundRow[] = [];
    if (read.orgId !== null) rows = rowsOf(ofOrganization, read.client, read.orgId);
    // If the client has no profile of that organization, only the client matters.
    const limit = read.orgId === null ? read.profileLimit : 1;
    if (rows.length === 0) rows = rowsOf(profiles, read.client, limit);
    return this.#toLookup(rows, read.orgId);
  }

  #toLookup(rows: FoundRow[], orgId: string | null): Lookup | null {
    const untrusted = rows.length === 0 ? null : this.#check(headOf(rows), namedRowsOf(rows));
    return toLookup(rows, orgId, untrusted);
  }

  #keep(key: string, found: Lookup): void {
    if (this.#lookedUp.size >= keptLookUps) this.#lookedUp.clear();
    this.#lookedUp.set(key, found);
  }

  #withAssertion(found: Lookup, { assertion }: TokenRequestRead): Lookup {
    if (assertion === null) return found;
    const { clientId } = found.client;
    const assertionUsed = this.#statements.assertionUsed.get(clientId, assertion.jtiHash) !== undefined;
    return { ...found, assertionUsed };
  }

  #forgetLookUpsBefore(version: number): void {
    if (version === this.#lookedUpAt) return;
    this.#lookedUp.clear();
    this.#lookedUpAt = version;
  }

  /** Changes whenever another connection commits (SQLite's `data_version`). */
  #version(): number {
    return this.#dataVersion.get()?.data_version as number;
  }
}

function rowsOf(statement: StatementSync, ...parameters: (string | number)[]): FoundRow[] {
  return statement.all(...parameters) as unknown as FoundRow[];
}

function asBusy(error: unknown): unknown {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === 'number' && busyCodes.includes(code & 0xff)
    ? new RetryLater('another process is writing', { cause: error })
    : error;
}
