import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../../src/demo/postgres-server.ts';
import { openStore } from '../../../src/store/store.ts';
import { emptyDatabase, preparedDatabase } from '../store/databases.ts';

/** Turns off what takes the most time in a server with many small, short-lived databases. */
const flags = [
  ...['-c', 'autovacuum=off', '-c', 'jit=off', '-c', 'full_page_writes=off', '-c', 'synchronous_commit=off'],
  ...['-c', 'wal_level=minimal', '-c', 'max_wal_senders=0'],
];

/** One PostgreSQL for the whole run, in which every test creates its own database. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres({ flags });
  await server.createDatabase(emptyDatabase);
  await server.createDatabase(preparedDatabase);
  // The tables are created once; databases of tests are copies.
  await (await openStore(server.url + preparedDatabase)).destroy();
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}
