import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Throttle } from '../../src/api/client-auth/throttle.ts';
import { closeVault } from '../../src/vault/vault.ts';
import { auditLog, newVault, today } from '../support/vault/test-vault.ts';
import { origin, served } from '../support/web/web-client.ts';

/** Posts a response as any program on this computer can: the right host and origin are public. */
async function bringing(web: Awaited<ReturnType<typeof served>>) {
  const visitor = web.visitor().set('Origin', origin);
  return (fragment: string) => visitor.post('/auth/code').send({ fragment }).expect(400);
}

describe('refusals', () => {
  it('are logged once for each minute and reason, with their count', async () => {
    const web = await served();
    const { vault } = web;
    const bring = await bringing(web);
    for (let count = 0; count < 30; count += 1)
      await bring(`#access_token=fake-token&token_type=Bearer&state=guess-${count}`);
    await Promise.all(Array.from({ length: 20 }, () => bring('#access_token=fake-token&token_type=Bearer')));
    expect(await auditLog(vault)).toEqual(['capture state_unknown -', 'capture state_missing -']);

    vault.setNow(today + 60_000);
    await bring('#access_token=fake-token&token_type=Bearer&state=guess');
    expect((await auditLog(vault)).slice(2)).toEqual([
      'capture state_unknown, 29 more -',
      'capture state_unknown -',
    ]);

    // The rest is written when the program ends.
    await bring('#access_token=fake-token&token_type=Bearer&state=guess');
    await vault.rejectedCallbacks.close();
    expect((await auditLog(vault)).slice(4).sort()).toEqual([
      'capture state_missing, 19 more -',
      'capture state_unknown, 1 more -',
    ]);
    const addresses = await vault.db.selectFrom('audit').select('address').distinct().execute();
    expect(addresses).toEqual([{ address: '127.0.0.1' }]);
  });

  it('are written when the vault is closed', async () => {
    const vault = await newVault();
    const refusals = vault.rejectedCallbacks;
    for (let count = 0; count < 5; count += 1)
      await refusals.record({ action: 'capture', outcome: 'state_spent', address: `127.0.0.${count}` });
    await closeVault(vault);
    const again = await newVault(undefined, { settings: vault.settings });
    expect(await auditLog(again)).toEqual(['capture state_spent -', 'capture state_spent, 4 more -']);
    const [, row] = await again.db.selectFrom('audit').select('address').orderBy('seq').execute();
    // They came from several addresses.
    expect(row).toEqual({ address: null });
  });

  it('are written after a minute without further responses', async () => {
    const vault = await newVault();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const refusals = vault.rejectedCallbacks;
    for (let count = 0; count < 3; count += 1)
      await refusals.record({ action: 'capture', outcome: 'state_spent' });
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    const rows = ['capture state_spent -', 'capture state_spent, 2 more -'];
    await expect.poll(() => auditLog(vault)).toEqual(rows);
    // After that, the next one counts as a first one again.
    await refusals.record({ action: 'capture', outcome: 'state_spent' });
    expect(await auditLog(vault)).toEqual([...rows, 'capture state_spent -']);
  });

  it('are written even if the clock was set back', async () => {
    const vault = await newVault();
    const refusals = vault.rejectedCallbacks;
    await refusals.record({ action: 'capture', outcome: 'state_spent' });
    vault.setNow(today - 86_400_000);
    await refusals.record({ action: 'capture', outcome: 'state_spent' });
    expect(await auditLog(vault)).toEqual(['capture state_spent -', 'capture state_spent -']);
  });

  it('count together for guesses of a client secret from all loopback addresses', () => {
    const throttle = new Throttle();
    let written = 0;
    for (let count = 0; count < 2_000; count += 1) {
      const address = `127.${count % 7}.${count % 250}.${(count % 240) + 1}`;
      if (throttle.failed('ci', address, today + count) === 0) written += 1;
    }
    expect(written).toBeLessThan(10);
    expect(throttle.failed('ci', '::1', today + 2_000)).toBeGreaterThan(0);
    expect(throttle.failed('ci', '10.0.0.1', today + 2_000)).toBe(0);
  });
});
