import { randomUUID } from 'node:crypto';
import type { PostgresCursor } from 'kysely';

/** Runs the statements of a cursor: one connection, for as long as the cursor is open. */
export interface CursorConnection {
  readonly inTransaction: boolean;
  query<R>(sql: string, parameters: readonly unknown[]): Promise<{ rows: R[] }>;
}

/**
 * Reads a long result in batches, with a server-side cursor (`declare`, `fetch`), so that memory holds one batch.
 * It sees the store as of the moment it was opened, regardless of later writes.
 */
export class SqlCursor<R> implements PostgresCursor<R> {
  readonly #sql: string;
  readonly #parameters: readonly unknown[];
  #connection: CursorConnection | null = null;
  #opened: Promise<void> | null = null;
  #ownTransaction = false;
  // A unique name: another cursor may be open on the same connection.
  readonly #name = `cursor_${randomUUID().replaceAll('-', '')}`;

  constructor(sql: string, parameters: unknown[]) {
    this.#sql = sql;
    this.#parameters = parameters;
  }

  attach(connection: CursorConnection): void {
    this.#connection = connection;
  }

  async read(rowsCount: number): Promise<R[]> {
    this.#opened ??= this.#open();
    await this.#opened;
    const { rows } = await this.#query<R>(`fetch forward ${Math.trunc(rowsCount)} from ${this.#name}`);
    return rows;
  }

  async close(): Promise<void> {
    if (this.#opened === null) return;
    // After a failure, the transaction and its cursor are gone already; the next statement would only repeat the error.
    if (this.#ownTransaction) await this.#query('rollback').catch(() => {});
    else await this.#query(`close ${this.#name}`).catch(() => {});
  }

  async #open(): Promise<void> {
    this.#ownTransaction = this.#connection?.inTransaction === false;
    if (this.#ownTransaction) await this.#query('start transaction read only');
    await this.#query(`declare ${this.#name} no scroll cursor for ${this.#sql}`, this.#parameters);
  }

  async #query<T>(sql: string, parameters: readonly unknown[] = []): Promise<{ rows: T[] }> {
    if (this.#connection === null) throw new TypeError('a cursor without a connection');
    return await this.#connection.query<T>(sql, parameters);
  }
}
