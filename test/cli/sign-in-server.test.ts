import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SignInServer } from '../../src/cli/sign-in/sign-in.ts';
import { newInstance, proofOf, writeInstanceFile } from '../../src/instance/instance-file.ts';
import { newVault } from '../support/vault/test-vault.ts';

describe('SignInServer', () => {
  it('uses a running server whose first response was lost', async () => {
    const vault = await newVault();
    let requests = 0;
    let secret = '';
    const busy = createServer((request, response) => {
      requests += 1;
      if (requests === 1) {
        request.socket.destroy();
        return;
      }
      const { searchParams } = new URL(request.url ?? '', 'http://localhost');
      response.end(JSON.stringify({ proof: proofOf(secret, searchParams.get('challenge')) }));
    });
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void busy.close());
    const instance = newInstance((busy.address() as AddressInfo).port);
    secret = instance.secret;
    onTestFinished(writeInstanceFile(vault.settings.home, instance));

    const server = new SignInServer(vault);
    expect((await server.start()).port).toBe(instance.port);
    expect(requests).toBe(3);
    await server.close();
  });
});
