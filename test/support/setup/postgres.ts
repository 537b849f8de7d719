import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../../src/demo/postgres-server.ts';
import { openStore } from '../../../src/store/store.ts';
import { emptyDatabase, preparedDatabase } from '../store/databases.ts';

/** One PostgreSQL for the whole run, in which every test creates its own database. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  await server.createDatabase(emptyDatabase);
  await server.createDatabase(preparedDatabase);
  // The tables are created once; databases of tests are copies.
  await (await openStore(server.url + preparedDatabase)).destroy();
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}
