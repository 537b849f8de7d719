import { symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sendRaw } from '../support/attacks/raw-http.ts';
import { canMakeCertificates, makeCertificate } from '../support/certificates.ts';
import { freePort, machine } from '../support/cli/cli-process.ts';
import { printedLink } from '../support/cli/follow-link.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Loaded before the program: on SIGUSR2, what a timer or an event of a library may do. */
const saboteur = `
process.on('SIGUSR2', () => {
  setTimeout(() => { throw new Error('a timer failed'); }, 1);
  setInterval(() => { throw new Error('a timer failed'); }, 20).unref();
  Promise.reject(new Error('a promise failed'));
  new (require('node:events'))().emit('error', Object.assign(new Error('an event failed'), { code: 'ESTALE' }));
});
`;

describe('a running server', () => {
  it('survives uncaught errors in timers, promises and events, and logs each once', async () => {
    const hook = join(temporaryFolder(), 'saboteur.cjs');
    writeFileSync(hook, saboteur);
    const here = await machine(undefined, { NODE_OPTIONS: `--require=${JSON.stringify(hook)}` });
    const port = await freePort();
    const web = here.spawn(['serve', '--no-open']);
    await printedLink(web);
    const api = here.spawn(['serve', '--api', `127.0.0.1:${port}`]);
    await api.stderrMatching(/The token API listens on/);
    for (const [server, at] of [
      [web, here.port],
      [api, port],
    ] as const) {
      process.kill(server.pid, 'SIGUSR2');
      for (const what of ['a timer', 'a promise', 'an event'])
        await server.stderrMatching(new RegExp(`${what} failed`));
      const health = await sendRaw(
        at,
        `GET /healthz HTTP/1.1\r\nHost: localhost:${at}\r\nConnection: close\r\n\r\n`,
      );
      expect(health.status).toBe(200);
      server.kill('SIGTERM');
      const { code, stderr } = await server.finished;
      expect(code).toBe(0);
      expect(stderr.match(/"a timer failed"/g)).toHaveLength(1);
    }
  });

  it.runIf(canMakeCertificates)('serves the previous certificate while the file cannot be read', async () => {
    const folder = temporaryFolder();
    const { certificate, key } = makeCertificate(folder, 'used');
    const here = await machine();
    const port = await freePort();
    const api = here.start([
      'serve',
      '--api',
      `127.0.0.1:${port}`,
      '--tls-cert',
      certificate,
      '--tls-key',
      key,
    ]);
    await api.stderrMatching(/The token API listens on/);
    await api.stderrMatching(/CN=used expires in \d days?/);
    unlinkSync(certificate);
    symlinkSync(certificate, certificate);
    await api.stderrMatching(/ELOOP/);
    const status = await new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', path: '/healthz', rejectUnauthorized: false }, (response) =>
        resolve(response.resume().statusCode),
      )
        .once('error', reject)
        .end();
    });
    expect(status).toBe(200);
    const { code, stderr } = await here.run([
      'serve',
      '--api',
      `127.0.0.1:${port}`,
      '--tls-cert',
      key,
      '--tls-key',
      key,
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/contains a private key, but no certificate/);
    expect(stderr).not.toMatch(/^\s+at /m);
    api.kill('SIGTERM');
    expect((await api.finished).code).toBe(0);
  });

  it('sets the idle timeout of connections, and refuses an invalid one', async () => {
    const here = await machine();
    const web = here.start(['serve', '--no-open', '--keep-alive-timeout', '300']);
    await printedLink(web);
    const response = await fetch(`http://127.0.0.1:${here.port}/healthz`);
    await response.text();
    expect(response.headers.get('keep-alive')).toMatch(/timeout=30[01]/);
    web.kill('SIGTERM');
    await web.finished;
    for (const wrong of ['0', '-1', '3601', '1.5', 'x', '']) {
      const { code, stderr } = await here.run(['serve', '--no-open', '--keep-alive-timeout', wrong]);
      expect({ code, wrong }).toEqual({ code: 2, wrong });
      expect(stderr).toContain('--keep-alive-timeout takes seconds from 1 to 3600');
    }
  });
});
