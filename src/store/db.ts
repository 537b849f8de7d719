import type { Kysely } from 'kysely';
import type { Schema } from './database/schema.ts';

/** The database, or a transaction on it: every query takes one. In its own file, so that a query does not import what opens a store. */
export type Db = Kysely<Schema>;
