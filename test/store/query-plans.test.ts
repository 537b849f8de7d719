import { CompiledQuery, type KyselyPlugin, type RootOperationNode, sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { Db } from '../../src/store/db.ts';
import {
  quarantinedDestinations,
  saveDestination,
  saveProvisioningStatus,
} from '../../src/store/destinations.ts';
import { insertProfiles } from '../../src/store/profiles/profiles.ts';
import { iterateProfiles, queryProfiles, queryTable, tableOrders } from '../../src/store/profiles/query.ts';
import { dueChecks, rescheduleChecks } from '../../src/store/profiles/token-checks.ts';
import {
  currentTokensOf,
  insertTokens,
  pendingTokens,
  setCurrent,
  tokensNeedingReview,
  updateToken,
} from '../../src/store/profiles/tokens.ts';
import {
  dueTokens,
  failedReminders,
  recheckAll,
  recheckUnsent,
} from '../../src/store/reminders/reminders.ts';
import { onSqlite } from '../support/store/engines.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';
import { newStore } from '../support/store/test-store.ts';
import { today } from '../support/vault/test-vault.ts';

const count = 3_000;

/** The query plans of SQLite for each query that `use` runs. */
async function plansOf(db: Db, use: (db: Db) => Promise<unknown>): Promise<string[]> {
  const nodes: RootOperationNode[] = [];
  const recorder: KyselyPlugin = {
    transformQuery({ node }) {
      nodes.push(node);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  await use(db.withPlugin(recorder));
  const plans: string[] = [];
  for (const node of nodes) {
    const { sql: text, parameters } = db.getExecutor().compileQuery(node, { queryId: 'plan' });
    if (!/^(select|update|delete|insert)/.test(text)) continue;
    const { rows } = await db.executeQuery<{ detail: string }>(
      CompiledQuery.raw(`explain query plan ${text}`, [...parameters]),
    );
    plans.push(...rows.map(({ detail }) => detail));
  }
  return plans;
}

const profiles = Array.from({ length: count }, (_, at) =>
  fakeProfile({ id: `profile-${at}`, name: `customer-${at}` }),
);
const ids = profiles.slice(0, 50).map(({ id }) => id);

async function manyProfiles(): Promise<Db> {
  const { db } = await newStore();
  const tokens = profiles.map(({ id }) =>
    fakeToken({ id: `token-of-${id}`, profileId: id, state: 'current', capturedAt: today }),
  );
  for (let at = 0; at < count; at += 500) {
    await insertProfiles(db, profiles.slice(at, at + 500));
    await insertTokens(
      db,
      tokens.slice(at, at + 500).map((token) => ({ token, ciphertext: 'ciphertext' })),
    );
  }
  for (const { id } of profiles.slice(0, 300)) {
    const destination = { profileId: id, provider: 'entra', appId: 'app', appName: 'App' } as const;
    await saveDestination(db, { ...destination, method: 'push', steps: [] });
  }
  const { id } = await db.selectFrom('destination').select('id').limit(1).executeTakeFirstOrThrow();
  await saveProvisioningStatus(db, id, {
    provisioningStatus: {},
    statusCheckedAt: today,
    quarantinedSince: today,
  });
  return db;
}

const uses: Record<string, (db: Db) => Promise<unknown>> = {
  'the first page of the overview': (db) => queryProfiles(db, { sort: 'urgency', limit: 50, now: today }),
  ...Object.fromEntries(
    tableOrders.map((order) => [
      `a page of the table by ${order}`,
      async (db: Db) => {
        // The last page of a descending order has the profiles whose cell is empty.
        await queryTable(db, { order, descending: false, page: 20, pageSize: 50, now: today });
        await queryTable(db, { order, descending: true, page: 60, pageSize: 50, now: today });
      },
    ]),
  ),
  'a list of all profiles': async (db) => {
    for await (const _ of iterateProfiles(db, {}, today));
  },
  'the tokens of a page': (db) => currentTokensOf(db, ids),
  'what waits for a decision': (db) => tokensNeedingReview(db, { limit: 55 }),
  'what waits for a decision on a page': (db) => tokensNeedingReview(db, { profileIds: ids, limit: 55 }),
  'what was never checked': (db) => pendingTokens(db),
  'what is in quarantine': (db) => quarantinedDestinations(db),
  'due reminders': (db) => dueTokens(db, 'mail', today, 100),
  'reminders that failed': (db) => failedReminders(db),
  'another look at what failed': (db) => recheckUnsent(db, 'mail', today),
  'another look at everything': (db) => recheckAll(db),
  'due checks': (db) => dueChecks(db, today, 100),
  'another check of everything': (db) => rescheduleChecks(db, today),
  'a new current token': (db) => setCurrent(db, { id: 'token-of-profile-3', profileId: 'profile-3' }),
  'a page of what is not delivered': (db) =>
    queryProfiles(db, { sort: 'urgency', limit: 50, now: today, status: 'undelivered' }),
  'a page of what has expired': (db) =>
    queryProfiles(db, { sort: 'urgency', limit: 50, now: today, status: 'expired' }),
  'a token in a destination': (db) =>
    saveDestination(db, {
      profileId: 'profile-3',
      provider: 'entra',
      appId: 'app',
      appName: 'App',
      method: 'push',
      steps: [],
      tokenId: 'token-of-profile-3',
    }),
  'a rejected token': (db) => updateToken(db, 'token-of-profile-3', { rejectedAt: today }),
};

describe('the query plans', () => {
  onSqlite('never read every token or profile to find a few, without statistics and with them', async () => {
    const db = await manyProfiles();
    for (const statistics of [false, true]) {
      if (statistics) await sql`analyze`.execute(db);
      for (const [title, use] of Object.entries(uses)) {
        const plans = await plansOf(db, use);
        expect(plans.length).toBeGreaterThan(0);
        for (const plan of plans) {
          // By index, and only as far as the page.
          if (
            /^SCAN profile USING (COVERING )?INDEX profile_(due|\w+_order|ends_at)/.test(plan) &&
            title.includes('page')
          )
            continue;
          if (/^SCAN profile USING INDEX \S*autoindex_profile_2/.test(plan) && title.startsWith('a list'))
            continue;
          if (/^SCAN token USING (COVERING )?INDEX token_(pending|needs_review)/.test(plan)) continue;
          expect
            .soft(`${title}, with statistics: ${statistics}: ${plan}`)
            .not.toMatch(/SCAN (token|profile|destination)\b|token USING INDEX \S+ \(state=\?\)/);
        }
      }
    }
  });
});
