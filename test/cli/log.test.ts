import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { machineWithToken, token } from '../support/cli/stored-token.ts';

describe('webex-token log', () => {
  it('prints every row with --json, oldest first, one object a line, and never a token', async () => {
    const here = await machineWithToken();
    await here.run(['get', 'acme']);
    await here.run(['get', 'acme', '--format', 'json', '--allow-expired']);
    const { code, stdout } = await here.run(['log', '--json']);
    expect(code).toBe(0);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ action }) => action)).toEqual(['import', 'verify', 'read', 'read']);
    expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(rows[2]).toMatchObject({ outcome: 'ok', profile: 'acme', client: null, address: null });
    expect(String(rows[2]?.time)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(stdout).not.toContain(token);
  });

  it('filters by fields and time, and prints a table', async () => {
    const here = await machineWithToken();
    await here.run(['get', 'acme']);
    const actions = async (...args: string[]) => {
      const { stdout } = await here.run(['log', '--json', ...args]);
      return stdout
        .trim()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line).action as string);
    };
    expect(await actions('--action', 'read')).toEqual(['read']);
    expect(await actions('--since', '1h', '--profile', 'acme')).toEqual(['import', 'verify', 'read']);
    expect(await actions('--until', '1h')).toEqual([]);
    expect(await actions('--since', '2000-01-01', '--outcome', 'ok', '--action', 'import')).toEqual([
      'import',
    ]);
    const table = await here.run(['log', '--last', '1']);
    expect(table.stdout.trim().split('\n')).toHaveLength(2);
    expect(table.stderr).toContain('older entries');
    expect(await here.run(['log', '--since', 'yesterday'])).toMatchObject({ code: 2 });
  });

  it('exits with --verify 0 for an intact chain and 1 for a changed row', async () => {
    const here = await machineWithToken();
    await here.run(['get', 'acme']);
    expect(await here.run(['log', '--verify'])).toMatchObject({ code: 0 });
    const database = new DatabaseSync(join(here.home, 'store.db'));
    database.exec("update audit set outcome = 'expired' where seq = 2");
    database.close();
    const broken = await here.run(['log', '--verify']);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(/entry 2/);
    expect(JSON.parse((await here.run(['log', '--verify', '--json'])).stdout)).toMatchObject({ ok: false });
  });

  it('leaves an intact chain with --prune', async () => {
    const here = await machineWithToken();
    const pruned = await here.run(['log', '--prune', '0m']);
    expect(pruned).toMatchObject({ code: 0, stdout: '' });
    expect(await here.run(['log', '--verify'])).toMatchObject({ code: 0 });
    expect((await here.run(['log', '--json'])).stdout.trim().split('\n')).toHaveLength(1);
  });
});
