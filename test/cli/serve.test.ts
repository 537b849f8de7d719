import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { BrowserByHand, printedLink } from '../support/cli/follow-link.ts';
import { hasIPv6 } from '../support/http/ipv6.ts';
import { runScript } from '../support/run-script.ts';
import { simulated } from '../support/test-simulator.ts';

describe('webex-token serve', () => {
  it('prints a link that works once, and the command for another', async () => {
    const here = await machine(await simulated());
    const serve = here.start(['serve', '--no-open', '--verbose']);
    const link = await printedLink(serve);
    expect(new URL(link).host).toBe(`localhost:${here.port}`);
    const browser = new BrowserByHand();
    expect((await browser.get(link)).headers.get('location')).toBe('/');
    const overview = `${new URL(link).origin}/`;
    expect((await browser.get(overview)).status).toBe(200);
    const stranger = new BrowserByHand();
    expect((await stranger.get(link)).status).toBeGreaterThanOrEqual(400);
    expect((await stranger.get(overview)).status).toBeGreaterThanOrEqual(400);

    const open = await here.run(['open', '--no-open']);
    expect(open).toMatchObject({ code: 0, stdout: '' });
    const another = /^http:\S+\/access\/\S+$/m.exec(open.stderr)?.[0] ?? '';
    expect(another).not.toBe(link);
    expect((await stranger.get(another)).headers.get('location')).toBe('/');

    serve.kill('SIGTERM');
    const { code, stdout, stderr } = await serve.finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    // Every request is logged, but not the secret of the link.
    const log = stderr.split('\n').filter((line) => line.startsWith('{'));
    expect(log.length).toBeGreaterThanOrEqual(5);
    for (const url of [link, another]) expect(log.join()).not.toContain(url.split('/').at(-1));
    expect(existsSync(join(here.home, 'server.json'))).toBe(false);
  });

  it('reports where the first server runs if it is started twice', async () => {
    const here = await machine();
    const first = here.start(['serve', '--no-open']);
    await printedLink(first);
    const second = await here.run(['serve', '--no-open']);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toContain(`The web app is already running on http://localhost:${here.port}`);
    expect(second.stderr).toContain('webex-token open');
    expect(second.stderr).not.toContain('    at ');
  });

  it.skipIf(!hasIPv6)('names another program on the port (skipped without IPv6), and a fix', async () => {
    const here = await machine();
    const script = join(import.meta.dirname, '../support/processes/occupy-port.ts');
    await runScript(script, ['::1', String(here.port)]).firstLine;
    for (const args of [
      ['serve', '--no-open'],
      ['login', 'acme', '--no-open'],
    ]) {
      const { code, stdout, stderr } = await here.run(args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(
        new RegExp(`^webex-token: Port ${here.port} is in use by node \\(process \\d+\\)\\.$`, 'm'),
      );
      expect(stderr).toContain('webex-token import');
    }
  });

  it('writes files for its owner alone', async () => {
    const here = await machine();
    const serve = here.start(['serve', '--no-open']);
    await printedLink(serve);
    expect(statSync(here.home).mode & 0o777).toBe(0o700);
    for (const name of ['store.db', 'store.db-wal', 'store.db-shm', 'key.jwk', 'server.json']) {
      expect([name, statSync(join(here.home, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
  });
});

describe('webex-token open', () => {
  it('says how to start a server if none is running', async () => {
    const here = await machine();
    const { code, stdout, stderr } = await here.run(['open']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Start it: npx webex-token serve');
  });
});
