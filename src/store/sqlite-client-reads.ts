import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  type ClientRead,
  type ClientReads,
  type Decision,
  type Found,
  type FoundRow,
  foundOf,
  StoreBusy,
  statements,
  touchStatement,
} from './client-reads.ts';
import { openSqliteFile } from './sqlite-file.ts';
import { auditWriter } from './sqlite-read.ts';

/** SQLite's result codes for "another connection is writing": SQLITE_BUSY, and SQLITE_LOCKED. */
const busyCodes = [5, 6];

/**
 * Reads on a connection of their own, with prepared statements and no promises: that is most of the speed.
 * It never waits for another writer, which may be this very process between two turns of its event loop.
 */
export class SqliteClientReads implements ClientReads {
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof typeof statements, StatementSync>;
  readonly #dataVersion: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #append: ReturnType<typeof auditWriter>;

  constructor(file: string) {
    const database = openSqliteFile(file);
    database.exec('pragma busy_timeout = 0');
    const prepare = (name: keyof typeof statements) =>
      database.prepare(statements[name].replace(/\$\d+/g, '?'));
    this.#database = database;
    this.#statements = {
      clientAndProfiles: prepare('clientAndProfiles'),
      clientAndProfilesOfOrganization: prepare('clientAndProfilesOfOrganization'),
      assertionUsed: prepare('assertionUsed'),
      useAssertion: prepare('useAssertion'),
      forgetAssertions: prepare('forgetAssertions'),
      touchClient: prepare('touchClient'),
      touchPreviousSecret: prepare('touchPreviousSecret'),
    };
    this.#dataVersion = database.prepare('pragma data_version');
    this.#begin = database.prepare('begin immediate');
    this.#commit = database.prepare('commit');
    this.#append = auditWriter(database);
  }

  run(batch: readonly ClientRead[], now: number): ClientRead[] {
    this.#beginWriting();
    let version: number;
    let decisions: { read: ClientRead; decision: Decision }[];
    try {
      version = this.#version();
      decisions = batch.map((read) => ({ read, decision: this.#decide(read, now) }));
      const entries = decisions.map(({ decision }) => decision.entry).filter((entry) => entry !== null);
      if (entries.length > 0) this.#append(now, entries);
      this.#commit.run();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw asBusy(error);
    }
    return this.#answer(decisions, version);
  }

  close(): void {
    this.#database.close();
  }

  #beginWriting(): void {
    try {
      this.#begin.run();
    } catch (error) {
      throw asBusy(error);
    }
  }

  #decide(read: ClientRead, now: number): Decision {
    const found = this.#find(read, true);
    const decision = read.decide(found);
    if (found === null) return decision;
    if (decision.used !== null && read.assertion !== null) {
      const { jtiHash, expiresAt } = read.assertion;
      this.#statements.forgetAssertions.run(now);
      this.#statements.useAssertion.run(found.client.clientId, jtiHash, expiresAt);
    }
    const touch = touchStatement(found, decision.used, now);
    if (touch === 'touchClient') this.#statements[touch].run(now, found.client.clientId);
    if (touch === 'touchPreviousSecret') this.#statements[touch].run(now, now, found.client.clientId);
    return decision;
  }

  /** A commit of another connection since then may be the removal of this very client. */
  #answer(decisions: { read: ClientRead; decision: Decision }[], version: number): ClientRead[] {
    const again: ClientRead[] = [];
    for (const { read, decision } of decisions) {
      const stands =
        !decision.granted || this.#version() === version || read.decide(this.#find(read, false)).granted;
      if (stands) read.answer(decision);
      else again.push(read);
    }
    return again;
  }

  #find(read: ClientRead, withAssertion: boolean): Found | null {
    const { clientAndProfiles, clientAndProfilesOfOrganization, assertionUsed } = this.#statements;
    let rows: FoundRow[] = [];
    if (read.orgId !== null) rows = rowsOf(clientAndProfilesOfOrganization, read.client, read.orgId);
    if (rows.length === 0) rows = rowsOf(clientAndProfiles, read.client, read.profileLimit);
    const used =
      withAssertion &&
      read.assertion !== null &&
      rows[0] !== undefined &&
      assertionUsed.get(rows[0].clientId, read.assertion.jtiHash) !== undefined;
    return foundOf(rows, read.orgId, used);
  }

  /** Changes whenever another connection has committed. */
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
    ? new StoreBusy('another process is writing', { cause: error })
    : error;
}
