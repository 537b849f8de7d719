import { CompiledQuery } from 'kysely';
import { appendAudits } from './audit.ts';
import {
  type ClientRead,
  type ClientReads,
  type Decision,
  decidedAgain,
  type Found,
  type FoundRow,
  foundOf,
  statements,
  touchStatement,
} from './client-reads.ts';
import type { Db } from './store.ts';

/** The reads of an engine that can be asked only asynchronously. */
export class KyselyClientReads implements ClientReads {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async run(batch: readonly ClientRead[], now: number): Promise<ClientRead[]> {
    const decisions = await this.#db.transaction().execute(async (trx) => {
      const made: { read: ClientRead; decision: Decision }[] = [];
      for (const read of batch) made.push({ read, decision: await decide(trx, read, now) });
      const entries = made.map(({ decision }) => decision.entry).filter((entry) => entry !== null);
      await appendAudits(trx, now, entries);
      return made;
    });
    // Between the look-up and the commit, and again until now, a client may have been removed by anybody.
    const granted = decisions.filter(({ decision }) => decision.granted);
    const stands = new Map(
      await Promise.all(granted.map(async ({ read }) => [read, await stillGranted(this.#db, read)] as const)),
    );
    const again: ClientRead[] = [];
    for (const { read, decision } of decisions) {
      if (stands.get(read) === false) again.push(read);
      else read.answer(decision);
    }
    return again;
  }

  close(): void {
    // The store's connection belongs to whoever opened it.
  }
}

async function decide(trx: Db, read: ClientRead, now: number): Promise<Decision> {
  const found = await find(trx, read, true);
  const decision = read.decide(found);
  if (found === null) return decision;
  if (decision.used !== null && read.assertion !== null) {
    const { jtiHash, expiresAt } = read.assertion;
    await query(trx, 'forgetAssertions', now);
    await query(trx, 'useAssertion', found.client.clientId, jtiHash, expiresAt);
  }
  const touch = touchStatement(found, decision.used, now);
  if (touch === 'touchClient') await query(trx, touch, now, found.client.clientId);
  if (touch === 'touchPreviousSecret') await query(trx, touch, now, now, found.client.clientId);
  return decision;
}

async function stillGranted(db: Db, read: ClientRead): Promise<boolean> {
  return decidedAgain(read, await find(db, read, false));
}

async function find(db: Db, read: ClientRead, withAssertion: boolean): Promise<Found | null> {
  let rows: FoundRow[] = [];
  if (read.orgId !== null) {
    rows = await query<FoundRow>(db, 'clientAndProfilesOfOrganization', read.client, read.orgId);
  }
  if (rows.length === 0)
    rows = await query<FoundRow>(db, 'clientAndProfiles', read.client, read.profileLimit);
  const used =
    withAssertion &&
    read.assertion !== null &&
    rows[0] !== undefined &&
    (await query(db, 'assertionUsed', rows[0].clientId, read.assertion.jtiHash)).length > 0;
  return foundOf(rows, read.orgId, used);
}

async function query<Row = unknown>(
  db: Db,
  statement: keyof typeof statements,
  ...parameters: (string | number)[]
): Promise<Row[]> {
  const result = await db.executeQuery<Row>(CompiledQuery.raw(statements[statement], parameters));
  return result.rows;
}
