import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../src/errors/broker-error.ts';
import { listSummaries, renameProfile, showProfile } from '../../src/vault/profiles/profiles.ts';
import { captureRedirect } from '../../src/vault/sign-in/capture-redirect.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { closeVault } from '../../src/vault/vault.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { simulated } from '../support/test-simulator.ts';
import {
  actor,
  auditLog,
  filesHolding,
  fragment,
  newVault,
  startedSignIn,
  today,
} from '../support/vault/test-vault.ts';

describe('the value of a token', () => {
  it('is only where it must be, and in no error, log row or file', async () => {
    const webex = await simulated({ now: () => today });
    const vault = await newVault(webex);
    const { accessToken: token } = webex.issueToken('full-admin');
    const said: unknown[] = [];
    const refused = async (action: () => Promise<unknown>) => {
      said.push(await action().then(() => expect.fail('nothing was refused'), errorText));
    };

    // Every way in which it is refused …
    const state = await startedSignIn(vault, { profile: 'acme' });
    for (const parameters of [
      { access_token: token },
      { access_token: token, state: token },
      { access_token: token, state, token_type: token },
      { access_token: token, state, expires_in: token, error: token },
      { access_token: `${token} ${token}`, state },
      { access_token: token, state, iss: webex.endpoints.government.idbroker },
    ]) {
      await refused(() => captureRedirect(vault, fragment(parameters), 'this browser', actor));
    }
    const response = fragment({ access_token: token, state, expires_in: token, scope: 'spark:people_read' });
    await refused(() => captureRedirect(vault, response, 'another browser', actor));
    await refused(() => captureRedirect(vault, `${response}&access_token=${token}`, 'this browser', actor));
    await refused(() => captureRedirect(vault, response.replace('#', '?'), 'this browser', actor));
    await refused(() => importToken(vault, { profile: token }, token, actor));
    await refused(() => readToken(vault, token, actor));
    await refused(() => importToken(vault, { profile: 'x' }, `${token}\n${token}x`, actor));

    // … and every way in which it is stored, checked, and read.
    const { tokenId } = await captureRedirect(vault, response, 'this browser', actor);
    webex.faults.add({ path: '/v1', effect: 500, times: 1 });
    said.push(await verifyToken(vault, tokenId, actor));
    webex.revoke('full-admin');
    said.push(await verifyToken(vault, await importToken(vault, { profile: 'acme' }, token, actor), actor));
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(token);
    await refused(() => captureRedirect(vault, response, 'this browser', actor));
    await renameProfile(vault, 'acme', 'acme-corp', actor);
    said.push(await listSummaries(vault), await showProfile(vault, 'acme-corp'), await auditLog(vault));
    for (const table of ['audit', 'sign_in', 'profile', 'token', 'meta'] as const) {
      said.push(await vault.db.selectFrom(table).selectAll().execute());
    }

    const text = JSON.stringify(said);
    expect(text.length).toBeGreaterThan(5000);
    // Not even a usable part of it: the part after the simulator's mark, which only this token has.
    const own = token.slice('SIMULATED-WEBEX-TOKEN-'.length, 64);
    const parts = Array.from({ length: own.length - 15 }, (_, at) => own.slice(at, at + 16));
    expect(parts.filter((part) => text.toLowerCase().includes(part.toLowerCase()))).toEqual([]);
    expect(filesHolding(vault.settings.home, token)).toEqual([]);
    await closeVault(vault);
    expect(filesHolding(vault.settings.home, token)).toEqual([]);
  });

  it('is found if it is in a file', () => {
    const token = 'fake-token-for-acme-1';
    for (const encoding of ['utf8', 'utf16le', 'hex', 'base64'] as const) {
      const folder = temporaryFolder();
      const bytes = Buffer.from(token);
      const content = encoding === 'hex' || encoding === 'base64' ? bytes.toString(encoding) : token;
      writeFileSync(join(folder, 'file'), content, encoding === 'utf16le' ? 'utf16le' : 'utf8');
      expect(filesHolding(folder, token)).toEqual([join(folder, 'file')]);
    }
  });
});

function errorText(error: unknown): string {
  expect(error).toBeInstanceOf(BrokerError);
  const { message, help, code, stack, cause } = error as BrokerError;
  return JSON.stringify([message, help, code, stack, cause instanceof Error ? cause.stack : cause]);
}
