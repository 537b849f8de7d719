import { CompiledQuery } from 'kysely';
import type { BrokerError } from '../../errors/broker-error.ts';
import { isMissingKey } from '../../errors/missing-key.ts';
import { type BatchWrites, OwnChain } from '../audit/own-chain.ts';
import type { Db } from '../db.ts';
import { KeyUnknown, NotAuthentic, type SetHead, setOf } from '../integrity/authenticated-set.ts';
import { type DataKeys, macKeysOf } from '../integrity/mac-keys.ts';
import { runCheck } from '../integrity/mac-queries.ts';
import { untrusted } from '../integrity/untrusted.ts';
import { prepared } from '../postgres/prepared.ts';
import {
  type Decision,
  decisionOf,
  type FoundRow,
  forgetAssertionsBefore,
  foundColumns,
  headOf,
  type Lookup,
  lookUpKey,
  namedRowsOf,
  type TokenRequestRead,
  type TokenRequestStore,
  toLookup,
  touchStatement,
} from './token-request-store.ts';

/** The maximum number of cached lookups. Each is read again before a token is returned. */
const keptLookUps = 1_000;

interface Decided {
  read: TokenRequestRead;
  /** Null if the request must wait. */
  decision: Decision | null;
  found: Found | null;
  /** Whether the rows were read for an earlier batch. */
  isKept: boolean;
}

/** The authenticated result of a lookup. */
interface Found {
  lookup: Lookup;
  /** The rows as text. As long as they are the same, the result is the same. */
  rows: string;
  /** The head of the row MACs that authenticated them. */
  head: SetHead | null;
}

/** The result of recording a batch. */
interface Recorded {
  /** The requests whose assertion another process has used in the meantime. */
  used: ReadonlySet<TokenRequestRead>;
  /** The lookups of all granted requests after that; null if there were none. */
  lookedUp: readonly LookedUpRow[] | null;
}

/**
 * Token requests on PostgreSQL. A batch takes one round trip: its audit rows are written, and then the clients and tokens are
 * read again. No process waits for another one.
 */
export class PostgresTokenRequestStore implements TokenRequestStore {
  readonly #db: Db;
  readonly #chain: OwnChain;
  /**
   * Cached lookups of clients with valid credentials. A batch uses them to decide what to record. They are never the reason to
   * refuse a request.
   */
  readonly #kept = new Map<string, Found>();
  /** The head of the row MACs when outdated lookups were last removed from the cache. */
  #keptUnder: SetHead | null = null;

  constructor(db: Db, now: () => number) {
    this.#db = db;
    this.#chain = new OwnChain(db, now);
  }

  async run(batch: readonly TokenRequestRead[], now: number): Promise<TokenRequestRead[]> {
    try {
      let decided = await this.#decideAll(batch);
      let recorded = await this.#record(decided, now);
      if (recorded === null) {
        // Rows that grant access have changed since the cached lookups were read.
        this.#kept.clear();
        decided = await this.#decideAll(batch);
        recorded = (await this.#record(decided, now)) ?? { used: new Set(batch), lookedUp: null };
      }
      const again = await this.#notConfirmed(decided, recorded);
      // Not earlier, so that an error above leaves none of them completed.
      for (const { read, decision } of decided) {
        if (decision !== null && !again.has(read)) read.complete(decision);
      }
      return [...again];
    } catch (error) {
      this.#kept.clear();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#chain.close();
  }

  async #decideAll(batch: readonly TokenRequestRead[]): Promise<Decided[]> {
    this.#forgetOlder();
    const [found, used] = await Promise.all([
      this.#findAll(batch.filter((read) => !this.#kept.has(lookUpKey(read)))),
      usedAssertions(this.#db, batch),
    ]);
    const decide = (read: TokenRequestRead, known: Found | null, isKept: boolean): Decided => {
      const lookup = known && { ...known.lookup, assertionUsed: used.has(read) };
      return { read, decision: decisionOf(read, lookup), found: known, isKept };
    };
    const decided = batch.map((read) => {
      const key = lookUpKey(read);
      const fresh = found.get(key);
      return fresh === undefined
        ? decide(read, this.#kept.get(key) ?? null, true)
        : decide(read, fresh, false);
    });
    // The client may have been added or changed since then, so it is refused only by rows that are read now.
    const outdated = decided.filter(
      ({ read, decision }) => decision?.granted !== true && !found.has(lookUpKey(read)),
    );
    const fresh = await this.#findAll(outdated.map(({ read }) => read));
    for (const each of outdated) {
      Object.assign(each, decide(each.read, fresh.get(lookUpKey(each.read)) ?? null, false));
    }
    useAssertionsOnce(decided);
    return decided;
  }

  /**
   * Writes the records of the batch, and then looks up its granted requests again. Returns null and writes nothing if a row that
   * grants access has changed since the cached lookups were read.
   */
  async #record(decided: readonly Decided[], now: number): Promise<Recorded | null> {
    const entries = decided.map(({ decision }) => decision?.entry ?? null).filter((entry) => entry !== null);
    const uses = usesOf(decided, now);
    const assertions = decided.flatMap(({ read, decision, found }) =>
      read.assertion === null || found === null || !decision?.used
        ? []
        : [{ read, client: found.lookup.client.clientId, ...read.assertion }],
    );
    if (entries.length === 0 && uses.length === 0 && assertions.length === 0) {
      return { used: new Set(), lookedUp: null };
    }
    const counters = new Set(decided.filter(({ isKept }) => isKept).map(({ found }) => found?.head?.counter));
    // Another batch has read newer rows in between.
    if (counters.size > 1) return null;
    const [counter = null] = counters;
    const questions = [...questionsOf(grantedOf(decided)).values()];
    const appended = await this.#chain.append(now, entries, {
      counter,
      uses,
      assertions: assertions.map(({ client, jtiHash, expiresAt }) => ({
        client,
        jti: jtiHash,
        expires: expiresAt,
      })),
      forgetBefore: forgetAssertionsBefore(now),
      thenRead: questions.length === 0 ? null : lookUp(questions),
    });
    if (appended === null) return null;
    const used = assertions.filter(
      ({ client, jtiHash }) =>
        !appended.assertions.some((each) => each.client === client && each.jti === jtiHash),
    );
    return {
      used: new Set(used.map(({ read }) => read)),
      lookedUp: appended.rows as readonly LookedUpRow[] | null,
    };
  }

  /**
   * The requests to decide again: they have to wait, or the store has changed and the decision would differ now.
   * This reads everything that any host has committed before, so a removed client is not found.
   */
  async #notConfirmed(
    decided: readonly Decided[],
    { used, lookedUp }: Recorded,
  ): Promise<Set<TokenRequestRead>> {
    const found = await this.#findAll(grantedOf(decided), lookedUp);
    const again = new Set(used);
    for (const { read, decision, found: before } of decided) {
      if (decision === null) again.add(read);
      if (!decision?.granted || again.has(read)) continue;
      const now = found.get(lookUpKey(read)) ?? null;
      if (now !== null && now.rows === before?.rows && now.lookup.untrusted === null) continue;
      const confirmed = decisionOf(read, now?.lookup ?? null);
      const isSame =
        confirmed?.granted === true && JSON.stringify(confirmed.entry) === JSON.stringify(decision.entry);
      if (!isSame) again.add(read);
    }
    for (const { read, decision } of decided.filter(({ decision }) => decision?.granted)) {
      const key = lookUpKey(read);
      const now = found.get(key);
      if (!now || again.has(read)) this.#kept.delete(key);
      else if (decision?.used) this.#keep(key, now);
    }
    return again;
  }

  /** Removes the lookups that an older head authenticated. All cached lookups belong to the newest known head. */
  #forgetOlder(): void {
    const keys = macKeysOf(this.#db);
    const newest = keys === null ? null : setOf(keys).head;
    if (newest === null) this.#kept.clear();
    if (newest === this.#keptUnder) return;
    this.#keptUnder = newest;
    for (const [key, { head }] of this.#kept) {
      if (head?.counter !== newest?.counter || head?.mac !== newest?.mac) this.#kept.delete(key);
    }
  }

  #keep(key: string, found: Found): void {
    if (this.#kept.size >= keptLookUps) this.#kept.clear();
    this.#kept.set(key, found);
  }

  /** Looks up and checks them in one query; by key. `lookedUp`: what this query has just returned, if it was sent already. */
  async #findAll(
    reads: readonly TokenRequestRead[],
    lookedUp: readonly LookedUpRow[] | null = null,
  ): Promise<Map<string, Found | null>> {
    const found = new Map<string, Found | null>(reads.map((read) => [lookUpKey(read), null]));
    const asked = questionsOf(reads);
    if (asked.size === 0) return found;
    const keys = macKeysOf(this.#db);
    const questions = [...asked.values()];
    let rows = lookedUp === null ? await lookUpAll(this.#db, questions) : rowsByQuestion(questions, lookedUp);
    const known = [...asked.keys()].map((key, at) => this.#ifUnchanged(key, keys, rows[at] ?? []));
    let untrusted = await checkAll(this.#db, keys, rows, known);
    // Another process may have changed the store between the lookup and its check: then both are repeated.
    for (let repeated = 0; repeated < 3 && untrusted.some((error) => error !== null); repeated += 1) {
      rows = await lookUpAll(this.#db, questions);
      untrusted = await checkAll(this.#db, keys, rows, []);
      known.fill(null);
    }
    for (const [at, [key, { orgId }]] of [...asked].entries()) {
      const those = rows[at] ?? [];
      const lookup = toLookup(those, orgId, untrusted[at] ?? null);
      const fresh = lookup && { lookup, rows: JSON.stringify(those), head: headOf(those) };
      found.set(key, known[at] ?? fresh);
    }
    return found;
  }

  /** The cached result, if these rows are the same and the head that authenticated them is still the newest known one. */
  #ifUnchanged(key: string, keys: DataKeys | null, rows: readonly FoundRow[]): Found | null {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.lookup.untrusted !== null) return null;
    const newest = keys === null ? kept.head : setOf(keys).head;
    const isNewest = newest?.counter === kept.head?.counter && newest?.mac === kept.head?.mac;
    return isNewest && kept.rows === JSON.stringify(rows) ? kept : null;
  }
}

function grantedOf(decided: readonly Decided[]): TokenRequestRead[] {
  return decided.filter(({ decision }) => decision?.granted).map(({ read }) => read);
}

/** The requests to look up, by key. Duplicates, and requests that name no client, are removed. */
function questionsOf(reads: readonly TokenRequestRead[]): Map<string, TokenRequestRead> {
  const named = reads.filter(({ client, secretHash }) => client !== '' || secretHash !== undefined);
  return new Map(named.map((read) => [lookUpKey(read), read]));
}

/** If several requests of a batch have the same assertion, all but the first one are decided again. */
function useAssertionsOnce(decided: readonly Decided[]): void {
  const seen = new Set<string>();
  for (const each of decided) {
    const { read, decision, found } = each;
    if (read.assertion === null || found === null || !decision?.used) continue;
    const assertion = JSON.stringify([found.lookup.client.clientId, read.assertion.jtiHash]);
    if (seen.has(assertion)) each.decision = null;
    seen.add(assertion);
  }
}

/** The clients whose last use is to be recorded. */
function usesOf(decided: readonly Decided[], now: number): BatchWrites['uses'] {
  const uses: { client: string; previous: boolean }[] = [];
  for (const { decision, found } of decided) {
    if (found === null || decision === null) continue;
    const { client } = found.lookup;
    const touch = touchStatement(found.lookup, decision.used, now);
    if (touch === null) continue;
    const previous = touch === 'touchPreviousSecret';
    uses.push({ client: client.clientId, previous });
    // For the other reads of this batch, and the next batches.
    client.lastUsedAt = now;
    if (previous) client.previousSecretUsedAt = now;
  }
  return uses;
}

const assertionQuery = `select asked.at
  from unnest($1::text[], $2::text[]) with ordinality as asked(client, jti_hash, at)
  join client on client.name = asked.client
  join client_assertion as used on used.client_id = client.id and used.jti_hash = asked.jti_hash`;

/** The requests whose assertion was used before. */
async function usedAssertions(
  db: Db,
  batch: readonly TokenRequestRead[],
): Promise<ReadonlySet<TokenRequestRead>> {
  const asked = batch.filter(({ assertion }) => assertion !== null);
  if (asked.length === 0) return new Set();
  const { rows } = await db.executeQuery<{ at: number }>(
    CompiledQuery.raw(assertionQuery, [
      asked.map(({ client }) => client),
      asked.map(({ assertion }) => assertion?.jtiHash ?? ''),
    ]),
  );
  const used = new Set(rows.map(({ at }) => at));
  return new Set(asked.filter((_, at) => used.has(at + 1)));
}

/**
 * One query for the whole batch, without duplicates: planning a lookup and the round trip to the server cost more than
 * the lookup itself.
 */
const lookupQuery = prepared(
  'lookup',
  `select asked.at, ${foundColumns}
  from unnest($1::text[], $2::text[], $3::int[], $4::boolean[], $5::text[])
    with ordinality as asked(client, org_id, profiles, with_previous, secret_hash, at)
  join lateral (
    select * from client where client.name = asked.client
    union select * from client where client.secret_hash = asked.secret_hash
    union select * from client where client.previous_secret_hash = asked.secret_hash
  ) as client on true
  left join lateral (
    (select client_profile.profile_id from client_profile
      where client_profile.client_id = client.id and asked.org_id is null limit asked.profiles)
    union all
    (select client_profile.profile_id from client_profile
      join profile as named on named.id = client_profile.profile_id
      where client_profile.client_id = client.id and named.org_id = asked.org_id)
  ) as held on true
  left join profile on profile.id = held.profile_id
  left join token on token.profile_id = profile.id
    and (token.state = 'current' or (asked.with_previous and token.state = 'previous'))`,
);

/** A row of the lookup, with the number of its question from 1. */
type LookedUpRow = FoundRow & { at: number };

function lookUp(questions: readonly TokenRequestRead[]): CompiledQuery<LookedUpRow> {
  return CompiledQuery.raw(lookupQuery, [
    questions.map(({ client }) => client),
    questions.map(({ orgId }) => orgId),
    questions.map(({ profileLimit }) => profileLimit),
    questions.map(({ withPrevious }) => withPrevious),
    // A client that is named has its own secret.
    questions.map(({ client, secretHash }) => (client === '' ? (secretHash ?? null) : null)),
  ]);
}

async function lookUpAll(db: Db, questions: readonly TokenRequestRead[]): Promise<FoundRow[][]> {
  return rowsByQuestion(questions, (await db.executeQuery(lookUp(questions))).rows);
}

function rowsByQuestion(
  questions: readonly TokenRequestRead[],
  lookedUp: readonly LookedUpRow[],
): FoundRow[][] {
  const rows = questions.map((): FoundRow[] => []);
  for (const { at, ...row } of lookedUp) rows[at - 1]?.push(row);
  return rows;
}

/** The reason why the rows of each lookup are not authentic; null if they are. `known`: lookups that were already checked. */
async function checkAll(
  db: Db,
  keys: DataKeys | null,
  lookedUp: readonly FoundRow[][],
  known: readonly (Found | null)[],
): Promise<(BrokerError | null)[]> {
  const errors: (BrokerError | null)[] = [];
  for (const [at, rows] of lookedUp.entries()) {
    if (keys === null || rows.length === 0 || known[at]) errors.push(null);
    else errors.push(await check(db, keys, rows));
  }
  return errors;
}

async function check(db: Db, keys: DataKeys, rows: readonly FoundRow[]): Promise<BrokerError | null> {
  try {
    await runCheck(db, setOf(keys).check(headOf(rows), namedRowsOf(rows)));
    return null;
  } catch (error) {
    if (!(error instanceof NotAuthentic || error instanceof KeyUnknown)) throw error;
    if (error instanceof KeyUnknown) {
      const missing = keys.refreshError ?? (await refreshFailure(db, keys));
      if (missing !== null) return missing;
    }
    return untrusted(error);
  }
}

/** Loads the store's data keys again. Returns why the key of this process cannot decrypt them; null if it can. */
async function refreshFailure(db: Db, keys: DataKeys): Promise<BrokerError | null> {
  try {
    await keys.refresh(db.isTransaction ? db : undefined);
    return null;
  } catch (error) {
    if (isMissingKey(error)) return error;
    throw error;
  }
}
