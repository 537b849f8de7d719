import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { openStore } from '../../src/store/store.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { machine } from '../support/cli/cli-process.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const identity = selfSigned('localhost');
let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres({ tls: identity });
});
afterAll(() => server.stop());

function pemFile(text: string): string {
  const file = join(temporaryFolder(), 'root.pem');
  writeFileSync(file, text);
  return file;
}

/** Whether the connection is encrypted, as the server sees it. */
async function encrypted(place: string): Promise<unknown> {
  const db = await openStore(place);
  try {
    const found = await db
      .selectNoFrom(({ fn }) => fn<number>('pg_backend_pid').as('pid'))
      .executeTakeFirstOrThrow();
    const { rows } = await db.executeQuery<{ ssl: boolean }>(
      (await import('kysely')).CompiledQuery.raw(`select ssl from pg_stat_ssl where pid = ${found.pid}`),
    );
    return rows[0]?.ssl;
  } finally {
    await db.destroy();
  }
}

const at = (host: string, query: string) => {
  const url = new URL(`${server.url}postgres?${query}`);
  url.hostname = host;
  return url.href;
};

describe('sslmode', () => {
  it('accepts with verify-full the certificate of a known authority for this host name', async () => {
    const root = pemFile(identity.certificate);
    expect(await encrypted(at('localhost', `sslmode=verify-full&sslrootcert=${root}`))).toBe(true);
  });

  it.each(['verify-full', 'verify-ca'])('rejects with %s an unknown authority', async (mode) => {
    const error = await brokerErrorOf(() => openStore(at('localhost', `sslmode=${mode}`)));
    expect(error).toMatchObject({ code: 'E_STORE', message: expect.stringContaining('certificate') });
    expect(error.help).toContain('sslrootcert');
    const other = pemFile(selfSigned('localhost').certificate);
    const still = await brokerErrorOf(() =>
      openStore(at('localhost', `sslmode=${mode}&sslrootcert=${other}`)),
    );
    expect(still.code).toBe('E_STORE');
  });

  it('rejects with verify-full another host name or an IP address, and does not check the name with verify-ca', async () => {
    const root = pemFile(identity.certificate);
    const error = await brokerErrorOf(() =>
      openStore(at('127.0.0.1', `sslmode=verify-full&sslrootcert=${root}`)),
    );
    expect(error).toMatchObject({ code: 'E_STORE', message: expect.stringContaining('certificate') });
    expect(await encrypted(at('127.0.0.1', `sslmode=verify-ca&sslrootcert=${root}`))).toBe(true);
  });

  it('encrypts with require without verification, and does not with disable', async () => {
    expect(await encrypted(at('localhost', 'sslmode=require'))).toBe(true);
    expect(await encrypted(at('127.0.0.1', 'sslmode=disable'))).toBe(false);
  });

  it('accepts with verify-full an authority from SSL_CERT_FILE, with and without sslrootcert=system', async () => {
    for (const query of ['sslmode=verify-full&sslrootcert=system', 'sslmode=verify-full']) {
      const on = await machine(undefined, {
        WEBEX_TOKEN_DATABASE_URL: at('localhost', query),
        NODE_EXTRA_CA_CERTS: pemFile(identity.certificate),
      });
      expect(await on.run(['list', '--json'])).toMatchObject({ code: 0, stdout: '[]\n' });
      on.environment.NODE_EXTRA_CA_CERTS = undefined;
      on.environment.SSL_CERT_FILE = pemFile(identity.certificate);
      expect(await on.run(['list', '--json'])).toMatchObject({ code: 0, stdout: '[]\n' });
    }
  });
});
