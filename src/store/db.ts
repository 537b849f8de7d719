import type { Kysely } from 'kysely';
import type { Schema } from './database/schema.ts';

/**
 * The database, or a transaction on it. Every query takes one. In its own file, so that a query does not import the code that
 * opens a store.
 */
export type Db = Kysely<Schema>;
