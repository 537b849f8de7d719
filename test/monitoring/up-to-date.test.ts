import { describe, expect, it } from 'vitest';
import { upToDateState } from '../../src/monitoring/up-to-date.ts';
import { insertClient } from '../../src/store/access/clients.ts';
import { saveDestination } from '../../src/store/destinations.ts';
import { inTransaction } from '../../src/store/integrity/changes.ts';
import {
  dueHooks,
  leaseHook,
  recordActivations,
  recordHookEnd,
} from '../../src/store/profiles/activations.ts';
import { insertProfiles } from '../../src/store/profiles/profiles.ts';
import { countByStatus } from '../../src/store/profiles/status-totals.ts';
import { currentTokensOf, insertTokens, updateToken } from '../../src/store/profiles/tokens.ts';
import {
  acme,
  capture,
  days,
  deliver,
  type TestRecords,
  today,
} from '../support/reminders/reminder-fixtures.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';

const state = async ({ db, now }: TestRecords, remindersSetUp = true, hookSetUp = true) =>
  await upToDateState(db, {
    totals: await countByStatus(db, { now: now() }),
    remindersSetUp,
    hookSetUp,
  });

const left = (profile: string, reason: string) => ({ upToDate: false, unfinished: { profile, reason } });
const notYet = { upToDate: false, unfinished: null };

describe('upToDateState', () => {
  it('is not reached while the renewal hook fails, unless none is set up', async () => {
    const records = await acme();
    const { id: tokenId } = await capture(records, today);
    await deliver(records);
    expect(await state(records)).toMatchObject({ upToDate: true });
    const profileId = records.profile.id;
    await recordActivations(records.db, [{ profileId, tokenId, now: today, hook: true }]);
    const [due] = await dueHooks(records.db, { now: today, limit: 1 });
    if (due === undefined) throw new Error('no hook is due');
    await leaseHook(records.db, due, { owner: 'test', until: today + 1 });
    await recordHookEnd(records.db, due, 'test', { now: today, error: 'failed', nextAt: today + days(1) });
    expect(await state(records)).toEqual(notYet);
    expect(await state(records, true, false)).toMatchObject({ upToDate: true });
  });

  it('is reached only by a token that is valid, verified, delivered, with reminders', async () => {
    const records = await acme();
    expect(await state(records)).toEqual(notYet);
    await capture(records, today, { verifiedAt: null });
    expect(await state(records)).toEqual(left('acme', 'unverified'));
    const [token] = await currentTokensOf(records.db, [records.profile.id]);
    await updateToken(records.db, token?.id ?? '', { verifiedAt: today });
    expect(await state(records)).toEqual(left('acme', 'unused'));
    await deliver(records);
    expect(await state(records, false)).toEqual(notYet);
    expect(await state(records)).toEqual({ upToDate: true, unfinished: null });
    // Okta should have it too, and never got it.
    const okta = { provider: 'okta', appId: '', appName: 'Cisco Webex', method: 'manual' } as const;
    await saveDestination(records.db, { ...okta, profileId: records.profile.id, steps: [] });
    expect(await state(records)).toEqual(left('acme', 'outdated'));
  });

  it('ends with a renewal that is not delivered, and with a token that waits for a decision', async () => {
    const records = await acme();
    await capture(records, today - days(340));
    await deliver(records);
    await capture(records, today);
    expect(await state(records)).toEqual(notYet);
    await deliver(records);
    expect(await state(records)).toMatchObject({ upToDate: true });
    const waiting = fakeToken({ profileId: records.profile.id, state: 'needs-review' });
    await insertTokens(records.db, [{ token: waiting, ciphertext: 'x' }]);
    expect(await state(records)).toEqual(notYet);
  });

  it('counts an API client as a use, and finds the one unfinished profile among many', async () => {
    const records = await acme();
    const { db } = records;
    const profiles = Array.from({ length: 1_205 }, (_, at) => fakeProfile({ name: `org-${1000 + at}` }));
    const lifetimes = { confirmed: today + days(300), reported: null, documented: null };
    const tokens = profiles.map(({ id }) => fakeToken({ profileId: id, lifetimes, verifiedAt: today }));
    for (let at = 0; at < profiles.length; at += 500) {
      await insertProfiles(db, profiles.slice(at, at + 500));
      const some = tokens.slice(at, at + 500);
      await insertTokens(
        db,
        some.map((token) => ({ token, ciphertext: 'x' })),
      );
    }
    await capture(records, today);
    const profileIds = [records.profile.id, ...profiles.slice(0, -1).map(({ id }) => id)];
    const client = { id: 'client-1', name: 'scripts', secretHash: 'hash', jwks: null, addresses: [] };
    const limits = { expiresAt: null, createdAt: today, maxExpiresIn: null };
    const access = { relayRights: null, workloadIdentity: null, anyScope: false };
    await inTransaction(db, (trx) => insertClient(trx, { ...client, ...limits, ...access, profileIds }));
    expect(await state(records)).toEqual(left('org-2204', 'unused'));
  });
});
