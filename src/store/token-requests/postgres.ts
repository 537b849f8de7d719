import { CompiledQuery } from 'kysely';
import type { BrokerError } from '../../errors/broker-error.ts';
import { isMissingKey } from '../../errors/missing-key.ts';
import { appendAudits } from '../audit/audit.ts';
import type { Db } from '../db.ts';
import { KeyUnknown, NotAuthentic, setOf } from '../integrity/authenticated-set.ts';
import { type DataKeys, macKeysOf } from '../integrity/mac-keys.ts';
import { runCheck } from '../integrity/mac-queries.ts';
import { untrusted } from '../integrity/untrusted.ts';
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
  statements,
  type TokenRequestRead,
  type TokenRequestStore,
  toLookup,
  touchStatement,
} from './token-request-store.ts';

/** Token requests on PostgreSQL. */
export class PostgresTokenRequestStore implements TokenRequestStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async run(batch: readonly TokenRequestRead[], now: number): Promise<TokenRequestRead[]> {
    const decisions = await this.#db.transaction().execute(async (trx) => {
      const found = await findAll(trx, batch);
      const made: { read: TokenRequestRead; decision: Decision | null }[] = [];
      for (const read of batch) {
        made.push({ read, decision: await decide(trx, read, found.get(read) ?? null, now) });
      }
      const entries = made.map(({ decision }) => decision?.entry ?? null).filter((entry) => entry !== null);
      await appendAudits(trx, now, entries);
      return made;
    });
    // Another process may have removed a client since the lookup, before the commit or after it.
    const granted = decisions.filter(({ decision }) => decision?.granted).map(({ read }) => read);
    const found = await findAll(this.#db, granted);
    const again = new Set<TokenRequestRead>();
    for (const { read, decision } of decisions) {
      if (decision === null) again.add(read);
      else if (decision.granted && !decisionOf(read, found.get(read) ?? null)?.granted) again.add(read);
    }
    // Not earlier, so that an error above leaves all of them unanswered.
    for (const { read, decision } of decisions) {
      if (decision !== null && !again.has(read)) read.answer(decision);
    }
    return [...again];
  }

  close(): void {
    // The store's connection is closed by the code that opened it.
  }
}

async function decide(
  trx: Db,
  read: TokenRequestRead,
  lookedUp: Lookup | null,
  now: number,
): Promise<Decision | null> {
  const found = lookedUp && { ...lookedUp, assertionUsed: await assertionUsed(trx, lookedUp, read) };
  const decision = decisionOf(read, found);
  if (decision === null || found === null) return decision;
  if (decision.used !== null && read.assertion !== null) {
    const { jtiHash, expiresAt } = read.assertion;
    await query(trx, 'forgetAssertions', forgetAssertionsBefore(now));
    await query(trx, 'useAssertion', found.client.clientId, jtiHash, expiresAt);
  }
  const touch = touchStatement(found, decision.used, now);
  if (touch === 'touchClient') await query(trx, touch, now, found.client.clientId);
  if (touch === 'touchPreviousSecret') await query(trx, touch, now, now, found.client.clientId);
  // For the other reads of this batch.
  if (touch !== null) found.client.lastUsedAt = now;
  if (touch === 'touchPreviousSecret') found.client.previousSecretUsedAt = now;
  return decision;
}

async function assertionUsed(trx: Db, { client }: Lookup, { assertion }: TokenRequestRead): Promise<boolean> {
  if (assertion === null) return false;
  return (await query(trx, 'assertionUsed', client.clientId, assertion.jtiHash)).length > 0;
}

/**
 * One query for the whole batch, without duplicates: planning a lookup and the round trip to the server cost more than
 * the lookup itself.
 */
const lookupQuery = `select asked.at, ${foundColumns}
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
    and (token.state = 'current' or (asked.with_previous and token.state = 'previous'))`;

async function findAll(
  db: Db,
  reads: readonly TokenRequestRead[],
): Promise<Map<TokenRequestRead, Lookup | null>> {
  const named = reads.filter(({ client, secretHash }) => client !== '' || secretHash !== undefined);
  const asked = new Map(named.map((read) => [lookUpKey(read), read]));
  const questions = [...asked.values()];
  const keys = macKeysOf(db);
  let rows = await lookUpAll(db, questions);
  let untrusted = await checkAll(db, keys, rows);
  // Another process may have changed the store between the lookup and its check: then both are repeated.
  for (let repeated = 0; repeated < 3 && untrusted.some((error) => error !== null); repeated += 1) {
    rows = await lookUpAll(db, questions);
    untrusted = await checkAll(db, keys, rows);
  }
  const found = new Map(
    [...asked].map(
      ([key, { orgId }], at) => [key, toLookup(rows[at] ?? [], orgId, untrusted[at] ?? null)] as const,
    ),
  );
  return new Map(reads.map((read) => [read, found.get(lookUpKey(read)) ?? null]));
}

async function lookUpAll(db: Db, questions: readonly TokenRequestRead[]): Promise<FoundRow[][]> {
  const rows = questions.map((): FoundRow[] => []);
  if (questions.length === 0) return rows;
  const parameters = [
    questions.map(({ client }) => client),
    questions.map(({ orgId }) => orgId),
    questions.map(({ profileLimit }) => profileLimit),
    questions.map(({ withPrevious }) => withPrevious),
    // A client that is named has its own secret.
    questions.map(({ client, secretHash }) => (client === '' ? (secretHash ?? null) : null)),
  ];
  const answer = await db.executeQuery<FoundRow & { at: number }>(CompiledQuery.raw(lookupQuery, parameters));
  for (const { at, ...row } of answer.rows) rows[at - 1]?.push(row);
  return rows;
}

/** Why the rows of each lookup are not authentic; null where they are. */
async function checkAll(
  db: Db,
  keys: DataKeys | null,
  lookedUp: readonly FoundRow[][],
): Promise<(BrokerError | null)[]> {
  const errors: (BrokerError | null)[] = [];
  for (const rows of lookedUp) {
    if (keys === null || rows.length === 0) errors.push(null);
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

/** Loads the store's data keys again. Returns why the key of this process cannot decrypt them; null where it can. */
async function refreshFailure(db: Db, keys: DataKeys): Promise<BrokerError | null> {
  try {
    await keys.refresh(db.isTransaction ? db : undefined);
    return null;
  } catch (error) {
    if (isMissingKey(error)) return error;
    throw error;
  }
}

async function query<Row = unknown>(
  db: Db,
  statement: keyof typeof statements,
  ...parameters: (string | number)[]
): Promise<Row[]> {
  const result = await db.executeQuery<Row>(CompiledQuery.raw(statements[statement], parameters));
  return result.rows;
}
