import { accessSync, constants } from 'node:fs';
import { sql } from 'kysely';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../db.ts';
import { redactedLocation } from '../postgres/url.ts';
import { engineOf } from './engine.ts';

/**
 * Checks that the store at `place` responds and is writable, because no token is returned without a row in the audit log.
 * Does not wait for other writers. Throws `E_STORE_READ_ONLY`, and the errors of a query.
 */
export async function requireWritable(db: Db, place: string): Promise<void> {
  if (engineOf(db) === 'postgres') {
    const { rows } = await sql<{ setting: string }>`
      select current_setting('transaction_read_only') as setting`.execute(db);
    if (rows[0]?.setting === 'on') throw readOnly(place);
    return;
  }
  await sql`select 1 from meta limit 1`.execute(db);
  try {
    accessSync(place, constants.W_OK);
  } catch (error) {
    throw readOnly(place, error);
  }
}

function readOnly(place: string, cause?: unknown): BrokerError {
  return new BrokerError('E_STORE_READ_ONLY', `The store ${redactedLocation(place)} is read-only.`, {
    help: 'Tokens can be neither stored nor given out until it can be written to again.',
    cause,
  });
}
