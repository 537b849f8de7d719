import { describe, expect } from 'vitest';
import { checkNextToken } from '../../src/background/daily-check.ts';
import { rescheduleAfterClockOrConfigChange } from '../../src/reminders/reschedule.ts';
import type { Db } from '../../src/store/db.ts';
import { insertProfiles } from '../../src/store/profiles/profiles.ts';
import { insertTokens } from '../../src/store/profiles/tokens.ts';
import { days, run, testChannel } from '../support/reminders/reminder-fixtures.ts';
import { onSqlite } from '../support/store/engines.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';
import { newVault, today } from '../support/vault/test-vault.ts';

const count = 1_000;

/** Tokens that expire in this many days. */
async function fill(db: Db, left: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, at) => `customer-${at}`);
  for (let at = 0; at < count; at += 500) {
    const some = ids.slice(at, at + 500);
    await insertProfiles(
      db,
      some.map((id) => fakeProfile({ id, name: id })),
    );
    const lifetimes = { confirmed: today + days(left), reported: null, documented: null };
    await insertTokens(
      db,
      some.map((id) => ({
        token: fakeToken({
          id: `token-${id}`,
          profileId: id,
          state: 'current',
          capturedAt: today + days(left - 365),
          verifiedAt: null,
          lifetimes,
        }),
        ciphertext: 'ciphertext',
      })),
    );
  }
}

/**
 * How many turns the event loop took meanwhile: a request can be handled in each. SQLite only: it returns results within
 * the call, while every wait of PostgreSQL for the network ends a turn, regardless of the work in between.
 */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isDone = true;
  return turns;
}

describe('long work in the background', () => {
  onSqlite('serves requests between every hundred tokens of the first reminders', async () => {
    const vault = await newVault();
    await fill(vault.db, 200);
    const mail = testChannel();
    expect(await turnsDuring(() => run(vault, [mail]))).toBeGreaterThanOrEqual(count / 100);
    expect(mail.received).toEqual([]);
    expect(await turnsDuring(() => run(vault, [mail]))).toBeLessThan(count / 100);
  });

  onSqlite('postpones the checks of expired tokens a hundred at a time', async () => {
    const vault = await newVault();
    await fill(vault.db, -10);
    expect(await turnsDuring(() => checkNextToken(vault, () => 0.5))).toBeGreaterThanOrEqual(count / 100);
    const open = await vault.db
      .selectFrom('token')
      .select('id')
      .where('next_check_at', '<=', today)
      .execute();
    expect(open).toEqual([]);
  });

  onSqlite('reschedules in pieces after the clock was set back or the days changed', async () => {
    const vault = await newVault();
    await fill(vault.db, 200);
    await rescheduleAfterClockOrConfigChange(vault.db, today + days(10), [30]);
    expect(
      await turnsDuring(() => rescheduleAfterClockOrConfigChange(vault.db, today, [30])),
    ).toBeGreaterThanOrEqual(count / 200);
    expect(
      await turnsDuring(() => rescheduleAfterClockOrConfigChange(vault.db, today, [7])),
    ).toBeGreaterThanOrEqual(count / 200);
  });
});
