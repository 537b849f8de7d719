import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { insertProfile } from '../../src/store/profiles/profiles.ts';
import { insertToken } from '../../src/store/profiles/tokens.ts';
import { expiryChart } from '../../src/web/view-models/expiry-chart.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';
import { served } from '../support/web/web-client.ts';

const now = Date.UTC(2027, 10, 10);

describe('the expiries by month', () => {
  it('count the tokens of twelve months, from today, in proportion to the highest', async () => {
    const web = await served();
    web.vault.setNow(now);
    const expiries = [
      now - dayMs,
      now + dayMs,
      Date.UTC(2027, 11, 1),
      Date.UTC(2027, 11, 31),
      Date.UTC(2028, 10, 1),
    ];
    for (const expiresAt of [...expiries, ...Array.from({ length: 8 }, () => Date.UTC(2028, 0, 5))]) {
      const profile = fakeProfile();
      await insertProfile(web.vault.db, profile);
      const lifetimes = { confirmed: expiresAt, reported: null, documented: expiresAt };
      await insertToken(
        web.vault.db,
        fakeToken({ profileId: profile.id, lifetimes }),
        `ciphertext ${profile.id}`,
      );
    }
    const chart = await expiryChart(web.vault);
    expect(chart?.map(({ label, count }) => `${label} ${count}`).slice(0, 4)).toEqual([
      'Nov 1',
      'Dec 2',
      'Jan 2028 8',
      'Feb 0',
    ]);
    expect(chart).toHaveLength(12);
    expect(chart?.map(({ height }) => height).slice(0, 4)).toEqual([5, 10, 40, 0]);
    const person = await web.person();
    expect((await person.get('/').expect(200)).text).toContain('Expiries by month');
    expect((await person.get('/?status=valid').expect(200)).text).not.toContain('Expiries by month');
  });

  it('are not shown without tokens', async () => {
    expect(await expiryChart((await served()).vault)).toBeNull();
  });
});
