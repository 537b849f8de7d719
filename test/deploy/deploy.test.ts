import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAddressRange } from '../../src/domain/client.ts';
import { clientOf, profileWithToken, served } from '../support/api-server.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { relayServer } from '../support/relay-server.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { newVault } from '../support/vault/test-vault.ts';

const folder = join(import.meta.dirname, '../../deploy');

const reasonFor = (program: string) => (hasProgram(program) ? '' : ` (skipped: ${program} is not installed)`);
const nginx = ['/usr/sbin/nginx', 'nginx'].find(hasProgram) ?? 'nginx';

function hasProgram(program: string): boolean {
  try {
    execFileSync(
      program,
      program === 'kubectl' ? ['version', '--client'] : [program.endsWith('nginx') ? '-v' : '--version'],
      {
        stdio: 'ignore',
      },
    );
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasProgram('systemd-analyze'))(`the systemd units${reasonFor('systemd-analyze')}`, () => {
  /** The units, with a program that exists everywhere: systemd looks for it. */
  const units = (where: 'systemd' | 'systemd/user'): string[] => {
    const copies = temporaryFolder();
    return globSync(`${where}/*.{service,timer}`, { cwd: folder }).map((unit) => {
      const copy = join(copies, basename(unit));
      writeFileSync(
        copy,
        readFileSync(join(folder, unit), 'utf8').replace('/usr/bin/webex-token', '/bin/true'),
      );
      return copy;
    });
  };

  it('are accepted by systemd without a warning', () => {
    for (const args of [units('systemd'), ['--user', ...units('systemd/user')]]) {
      const { stderr } = run('systemd-analyze', ['verify', ...args]);
      // Other units of this computer may have warnings too.
      expect(stderr.split('\n').filter((line) => line.includes('webex-token'))).toEqual([]);
    }
  });

  it('have an exposure level below 2 of 10', () => {
    const all = [...units('systemd'), ...units('systemd/user')];
    for (const unit of all.filter((each) => each.endsWith('.service'))) {
      const { stdout } = run('systemd-analyze', ['security', '--offline=true', unit]);
      const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
      expect([basename(unit), Number(exposure) < 2]).toEqual([basename(unit), true]);
    }
  });
});

describe.skipIf(!hasProgram('kubectl'))(`the Kubernetes manifests${reasonFor('kubectl')}`, () => {
  it('are built by kustomize, all in one namespace and with the image of the kustomization', () => {
    const { stdout } = run('kubectl', ['kustomize', join(folder, 'kubernetes')]);
    const kinds = [...stdout.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind);
    expect(kinds.sort()).toEqual([
      'ConfigMap',
      'Deployment',
      'Namespace',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
    ]);
    expect(stdout.match(/^ {2}namespace: webex-token$/gm)).toHaveLength(kinds.length - 1);
    expect(stdout).toContain('image: registry.example.com/webex-token:latest');
  });
});

describe.skipIf(!hasProgram(nginx))(`the site for nginx${reasonFor(nginx)}`, () => {
  it('forwards the token endpoint with the address of the caller, and nothing internal', async () => {
    const vault = await newVault();
    const token = await profileWithToken(vault, 'acme');
    const secret = await clientOf(vault, 'ci', ['acme'], { addresses: ['127.0.0.1'] });
    const api = await served({ vault, trustedProxies: [parseAddressRange('127.0.0.1')] });
    const port = await startNginx(new URL(api.origin).port);
    const authorization = `Basic ${Buffer.from(`ci:${secret}`).toString('base64')}`;

    const answer = await send(
      port,
      'POST',
      '/oauth/token',
      { authorization },
      'grant_type=client_credentials',
    );
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      expect.objectContaining({ access_token: token }),
    ]);

    // An address that the client claims is replaced by its real one.
    const elsewhere = await clientOf(vault, 'elsewhere', ['acme'], { addresses: ['10.9.8.7'] });
    const claimed = await send(
      port,
      'POST',
      '/oauth/token',
      {
        authorization: `Basic ${Buffer.from(`elsewhere:${elsewhere}`).toString('base64')}`,
        'x-forwarded-for': '10.9.8.7',
      },
      'grant_type=client_credentials',
    );
    expect(claimed.status).not.toBe(200);

    for (const path of ['/healthz', '/readyz', '/metrics', '/', '/oauth/tokens']) {
      expect([path, (await send(port, 'GET', path)).status]).toEqual([path, 404]);
    }
  });

  it('forwards the request line to the relay byte for byte, and the body within its limit', async () => {
    const here = await relayServer({ trustedProxies: [parseAddressRange('127.0.0.1')] });
    const secret = await here.client('entra', { addresses: ['127.0.0.1'] });
    const port = await startNginx(String(here.port));
    const authorization = `Bearer ${secret}`;
    const target = "/Users/a%20b'(c)~%7E?filter=userName+eq+%22a%2Bb%40example.com%22&&x=%2F%2e%2e";
    expect((await send(port, 'GET', `/scim/acme${target}`, { authorization })).status).toBe(200);
    expect(here.upstream.arrived.map(({ url }) => url)).toEqual([new URL(here.tenantUrl).pathname + target]);

    for (const path of ['/scim/acme/Users/%2e%2e/%2e%2e', '/scim/acme/Users/..%2f..', '/scim/acme//Users']) {
      expect([path, (await send(port, 'GET', path, { authorization })).status]).toEqual([path, 404]);
    }
    const tooLarge = await send(port, 'POST', '/scim/acme/Users', { authorization }, 'x'.repeat(1_100_000));
    expect(tooLarge.status).toBe(413);
    expect(here.upstream.arrived).toHaveLength(1);
  });
});

function run(program: string, args: string[]): { stdout: string; stderr: string } {
  const stderr = join(temporaryFolder(), 'stderr');
  const stdout = execFileSync('sh', ['-c', 'exec "$@" 2>"$ERRORS"', 'sh', program, ...args], {
    encoding: 'utf8',
    // The manager of a user's units needs a folder at run time, even to check a unit.
    env: { ...process.env, XDG_RUNTIME_DIR: temporaryFolder(), ERRORS: stderr },
  });
  return { stdout, stderr: readFileSync(stderr, 'utf8') };
}

/** Starts nginx with the site, on a free port of this machine. Returns the port. */
async function startNginx(apiPort: string): Promise<number> {
  const own = temporaryFolder();
  const port = await freePort();
  const { certificate, privateKey } = selfSigned('tokens.example.com');
  writeFileSync(join(own, 'fullchain.pem'), certificate);
  writeFileSync(join(own, 'privkey.pem'), privateKey);
  mkdirSync(join(own, 'logs'));
  copyFileSync(join(folder, 'nginx.conf'), join(own, 'site.conf'));
  const site = readFileSync(join(folder, 'nginx.conf'), 'utf8')
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${apiPort}`)
    // Relative to the prefix, whose own path may contain a space.
    .replaceAll('/etc/ssl/tokens.example.com/', '')
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace(/ +listen \[::\]:443 ssl;\n/, '');
  writeFileSync(
    join(own, 'nginx.conf'),
    `daemon off; master_process off; pid nginx.pid; error_log stderr;
     events {}
     http {
       client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
       uwsgi_temp_path uwsgi; scgi_temp_path scgi;
       ${site}
     }`,
  );
  const child = spawn(nginx, ['-p', own, '-c', join(own, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const errors: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  onTestFinished(() => stop(child));
  await Promise.race([
    listensOn(port),
    once(child, 'exit').then(() => Promise.reject(new Error(`nginx ended: ${errors.join('')}`))),
  ]);
  return port;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill();
  await once(child, 'exit');
}

/** nginx does not report that it listens. */
async function listensOn(port: number): Promise<void> {
  for (;;) {
    try {
      await send(port, 'GET', '/');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<{ status: number; body: string }> {
  const sent = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    agent: new Agent({ rejectUnauthorized: false }),
    headers: {
      host: 'tokens.example.com',
      ...(body !== '' && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...headers,
    },
  }).end(body);
  const [response] = await once(sent, 'response');
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return { status: response.statusCode, body: Buffer.concat(parts).toString() };
}
