import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { type Machine, machine } from '../support/cli/cli-process.ts';
import { printedLink } from '../support/cli/follow-link.ts';
import type { Finished } from '../support/cli/process-output.ts';
import { storeTokenOn } from '../support/cli/store-token.ts';
import { runScript } from '../support/run-script.ts';
import { simulated } from '../support/test-simulator.ts';

interface Finding {
  title: string;
  ok: boolean | null;
  message: string;
  help?: string;
}

/** What the doctor finds, by title. */
async function examined(
  here: Machine,
): Promise<{ finished: Finished; ok: boolean; by: Map<string, Finding> }> {
  const finished = await here.run(['doctor', '--json']);
  const { ok, findings } = JSON.parse(finished.stdout) as { ok: boolean; findings: Finding[] };
  return { finished, ok, by: new Map(findings.map((finding) => [finding.title, finding])) };
}

describe('webex-token doctor', () => {
  it('passes before the first run, and creates nothing', async () => {
    const here = await machine(await simulated());
    const { finished, ok, by } = await examined(here);
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    expect(ok).toBe(true);
    expect(by.get('Store')).toMatchObject({ ok: null });
    expect(by.get(`Port ${here.port}`)).toMatchObject({ ok: true, message: 'free' });
    expect(by.get('Webex')).toMatchObject({ ok: true });
    expect(existsSync(here.home)).toBe(false);
  });

  it('shows where the key is, why no keychain is used, and what runs on the port', async () => {
    const here = await machine(await simulated());
    const serve = here.start(['serve', '--no-open']);
    await printedLink(serve);
    const { ok, by } = await examined(here);
    expect(ok).toBe(true);
    expect(by.get('Key')?.message).toContain(join(here.home, 'key.jwk'));
    expect(by.get('Keychain')).toMatchObject({
      ok: null,
      message: expect.stringMatching(/not available \(.+\), so the key is in a file/),
    });
    expect(by.get('Audit log')).toMatchObject({ ok: true });
    expect(by.get(`Port ${here.port}`)?.message).toContain(`process ${serve.pid}`);
  });

  it('exits 1 and suggests a fix for every problem', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
    await storeTokenOn(here, 'fake-token-for-acme-1');
    const database = new DatabaseSync(join(here.home, 'store.db'));
    database.exec(`update audit set action = 'nothing' where seq = 1`);
    database.close();
    const script = join(import.meta.dirname, '../support/processes/occupy-port.ts');
    await runScript(script, ['127.0.0.1', String(here.port)]).firstLine;
    const { finished, ok, by } = await examined(here);
    expect(finished.code).toBe(1);
    expect(ok).toBe(false);
    expect(by.get('Audit log')).toMatchObject({ ok: false, message: expect.stringContaining('entry 1') });
    expect(by.get(`Port ${here.port}`)).toMatchObject({
      ok: false,
      message: expect.stringContaining('in use by node'),
    });
    expect(by.get('Webex')).toMatchObject({
      ok: null,
      message: expect.stringContaining('cannot be reached'),
    });

    chmodSync(join(here.home, 'store.db'), 0o644);
    const words = await here.run(['doctor']);
    expect(words.code).toBe(1);
    expect(words.stdout).toMatch(
      /^✗ Store: .* is accessible to other users of this machine \(mode 644\)\.$/m,
    );
    expect(words.stdout).toContain('chmod 600');
  });

  it('reports an invalid setting', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_PORT: 'banana' });
    const { finished, by } = await examined(here);
    expect(finished.code).toBe(1);
    expect(by.get('Settings')).toMatchObject({
      ok: false,
      message: expect.stringContaining('WEBEX_TOKEN_PORT'),
    });
  });
});
