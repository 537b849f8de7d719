import { copyFileSync, existsSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { machineWithToken, token } from '../support/cli/stored-token.ts';

const passphrase = 'six words that nobody would guess';

interface Status {
  keys: { kind: string; usedHere: boolean }[];
  dataKeys: { generation: number; current: boolean }[];
  unfinished: string | null;
}

describe('webex-token key and backup', () => {
  it('rotate the data key, and change from a key file to a passphrase and back, without losing a token', async () => {
    const here = await machineWithToken();
    const status = async () => JSON.parse((await here.run(['key', 'status', '--json'])).stdout) as Status;
    expect(await here.run(['key', 'rotate'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('Re-encrypted 1 token.'),
    });
    expect(await status()).toMatchObject({ dataKeys: [{ generation: 1, current: true }], unfinished: null });

    // There is no terminal, so nothing is asked.
    const unasked = await here.run(['key', 'rotate', '--to', 'passphrase']);
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('WEBEX_TOKEN_NEW_PASSPHRASE') });
    const keychain = await here.run(['key', 'rotate', '--to', 'keychain']);
    expect(keychain).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing was changed') });

    here.environment.WEBEX_TOKEN_PASSPHRASE = passphrase;
    expect(await here.run(['key', 'rotate', '--to', 'passphrase'])).toMatchObject({ code: 0, stdout: '' });
    expect(existsSync(join(here.home, 'key.jwk'))).toBe(false);

    here.environment.WEBEX_TOKEN_PASSPHRASE = `${passphrase}!`;
    const wrong = await here.run(['get', 'acme']);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain("is not this store's passphrase");
    expect(wrong.stderr).not.toContain(passphrase);

    here.environment.WEBEX_TOKEN_PASSPHRASE = passphrase;
    expect(await here.run(['key', 'rotate', '--to', 'file'])).toMatchObject({ code: 0 });
    delete here.environment.WEBEX_TOKEN_PASSPHRASE;
    expect((await status()).keys).toMatchObject([{ kind: 'file', usedHere: true }]);
    expect(await here.run(['get', 'acme'])).toMatchObject({ code: 0, stdout: `${token}\n` });
  });

  it('report a lost key before the sign-in, and create neither a key nor a store', async () => {
    const here = await machineWithToken();
    rmSync(join(here.home, 'key.jwk'));
    for (const args of [
      ['login', 'acme', '--no-open'],
      ['serve', '--no-open'],
      ['get', 'acme'],
    ]) {
      const { code, stdout, stderr } = await here.run(args);
      expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: '' });
      expect(stderr).toContain("This store's key file does not exist");
      expect(stderr).not.toContain('http');
    }
    expect(existsSync(join(here.home, 'key.jwk'))).toBe(false);
  });

  it('refuse an old data key that replaced the newest one, in get too', async () => {
    const here = await machineWithToken();
    const database = new DatabaseSync(join(here.home, 'store.db'));
    const [old] = database.prepare('select * from wrapped_data_key').all();
    expect(await here.run(['key', 'rotate'])).toMatchObject({ code: 0 });
    expect(await here.run(['get', 'acme'])).toMatchObject({ code: 0, stdout: `${token}\n` });
    const names = Object.keys(old ?? {});
    const insert = database.prepare(
      `insert into wrapped_data_key (${names.join()}) values (${names.map(() => '?').join()})`,
    );
    database.exec('delete from wrapped_data_key');
    insert.run(...Object.values(old ?? {}));
    database.close();
    for (const args of [
      ['get', 'acme'],
      ['key', 'status'],
    ]) {
      const { code, stdout, stderr } = await here.run(args);
      expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: '' });
      expect(stderr).toContain('has generation 0, but this host has seen generation 1');
      expect(stderr).toContain('--accept-rollback');
    }
  });

  it('require the right fingerprint without a terminal, and write nothing before', async () => {
    const here = await machine();
    const other = await machine(undefined, { WEBEX_TOKEN_KEY_FILE: join(here.home, '..', 'other.jwk') });
    const asked = await other.run(['key', 'request', '--file']);
    const fingerprint = /([0-9a-f]{4}-){4}[0-9a-f]{4}/.exec(asked.stderr)?.[0] ?? '';
    const without = await here.run(['key', 'add'], asked.stdout);
    expect(without).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--fingerprint') });
    expect(without.stderr).not.toContain(fingerprint);
    for (const wrong of ['', '0000-0000-0000-0000-0000', fingerprint.slice(0, -1), `${fingerprint}0`]) {
      const { code, stderr } = await here.run(['key', 'add', `--fingerprint=${wrong}`], asked.stdout);
      expect({ wrong, code, stderr }).toEqual({
        wrong,
        code: 1,
        stderr: expect.stringContaining('does not match'),
      });
    }
    expect(existsSync(here.home)).toBe(false);

    const typed = fingerprint.toUpperCase().replaceAll('-', ' ');
    expect(await here.run(['key', 'add', '--fingerprint', typed], asked.stdout)).toMatchObject({ code: 0 });
    const status = JSON.parse((await here.run(['key', 'status', '--json'])).stdout) as Status;
    expect(status.keys).toHaveLength(2);
  });

  it('restore a backup over a damaged store, which is kept, and on another machine', async () => {
    const here = await machineWithToken();
    const file = join(here.home, '..', 'store.backup');
    expect(await here.run(['backup', file])).toMatchObject({ code: 0, stdout: '' });
    const database = join(here.home, 'store.db');
    truncateSync(database, statSync(database).size / 2);
    for (const args of [['get', 'acme'], ['list']]) {
      const { code, stderr } = await here.run(args);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stderr).toMatch(/store\.db is damaged.*\n.*webex-token restore FILE/);
    }
    const restored = await here.run(['restore', file]);
    expect(restored).toMatchObject({ code: 0, stdout: '' });
    const [aside = ''] = readdirSync(here.home).filter((name) => name.startsWith('store-damaged-'));
    expect(restored.stderr).toContain(`was kept: ${join(here.home, aside)}`);
    expect(await here.run(['get', 'acme'])).toMatchObject({ code: 0, stdout: `${token}\n` });

    const other = await machine();
    expect(await other.run(['restore', file])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--key-file'),
    });
    const key = join(other.home, '..', 'key-of-the-other.jwk');
    copyFileSync(join(here.home, 'key.jwk'), key);
    expect(await other.run(['restore', '--key-file', key, file])).toMatchObject({ code: 0 });
    rmSync(key);
    expect(await other.run(['get', 'acme'])).toMatchObject({ code: 0, stdout: `${token}\n` });
  });
});
