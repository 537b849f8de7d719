import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canMakeCertificates, makeCertificate } from '../support/certificates.ts';
import { program } from '../support/cli/cli-process.ts';
import { machineWithToken, token } from '../support/cli/stored-token.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('webex-token get --format exec-credential', () => {
  it.runIf(hasKubectl && canMakeCertificates)('prints what kubectl accepts', async () => {
    const here = await machineWithToken();
    const folder = temporaryFolder();
    const { certificate, key } = makeCertificate(folder, 'server');
    const seen: (string | undefined)[] = [];
    const server = createServer(
      { cert: readFileSync(certificate), key: readFileSync(key) },
      (request, response) => {
        seen.push(request.headers.authorization);
        response.setHeader('content-type', 'application/json').end('{"kind":"Status","apiVersion":"v1"}');
      },
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: [program, 'get', 'acme', '--format', 'exec-credential'],
      interactiveMode: 'Never',
    };
    const file = join(folder, 'kubeconfig.json');
    writeFileSync(
      file,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          {
            name: 'c',
            cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': certificate },
          },
        ],
        users: [{ name: 'u', user: { exec } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
      { mode: 0o600 },
    );
    const kubectl = spawn('kubectl', ['--kubeconfig', file, 'get', '--raw', '/version'], {
      env: here.environment,
    });
    await once(kubectl, 'exit');
    expect(seen).toContain(`Bearer ${token}`);
  });
});
