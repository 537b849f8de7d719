import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors/error-codes.ts';
import { signInLifetimeMs } from '../../src/vault/sign-in/start-sign-in.ts';
import { fill } from '../support/crash/full-store.ts';
import { allTokens, auditLog, fragment, today } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken({ filler: 'C' });

describe('the web app on a full disk', () => {
  it('keeps the token in the browser and opens pages, and stores the token once there is space', async () => {
    const { person, vault, idle } = await served();
    const browser = await person();
    const { headers } = await browser.post('/sign-in').type('form').send({ name: 'acme' }).expect(303);
    const started = await browser.get(String(headers.location)).expect(303);
    const state = new URL(String(started.headers.location)).searchParams.get('state') ?? '';
    const body = { fragment: fragment({ access_token: token, state }) };
    const { makeRoom } = await fill(vault);

    // With status 500 and above, the page keeps the token.
    const refused = await browser.post('/auth/code').send(body).expect(507);
    expect(JSON.parse(refused.text)).toMatchObject({
      type: '/errors/E_STORE_FULL',
      detail: expect.stringContaining('no room left'),
      help: expect.stringContaining('Free some space'),
    });
    expect(refused.text).not.toContain(token);
    expect((await browser.get('/').expect(200)).text).toContain('filler-0');
    await browser.get('/profiles/filler-0').expect(200);

    // Freeing space may take longer than a sign-in is valid. A response that arrives so late for the first time is rejected.
    vault.setNow(today + 3 * signInLifetimeMs);
    await browser.post('/auth/code').send(body).expect(507);
    await makeRoom();
    await browser.post('/auth/code').send(body).expect(200);
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
    await idle();
    // This response arrived in time before, and was valid.
    expect((await auditLog(vault)).filter((row) => row.startsWith('capture'))).toEqual(['capture ok acme']);
    await browser.post('/auth/code').send(body).expect(409);
  });

  it.each<[ErrorCode, number]>([
    ['E_STORE_FULL', 507],
    ['E_STORE_DISK', 503],
    ['E_STORE_READ_ONLY', 503],
    ['E_STORE_DAMAGED', 503],
    ['E_STORE_BUSY', 503],
    ['E_INTEGRITY', 503],
    ['E_KEY', 500],
    ['E_KEYCHAIN_LOCKED', 500],
  ])(
    'reports %s as an internal error, after which the browser can send the token again',
    async (code, status) => {
      const { toProblem } = await import('../../src/web/errors/error-handler.ts');
      const { BrokerError } = await import('../../src/errors/broker-error.ts');
      expect(toProblem(new BrokerError(code, 'That happened.', { help: 'Do this.' }))).toMatchObject({
        status,
        remedies: [{ text: 'Do this.' }],
      });
    },
  );
});
