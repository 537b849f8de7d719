import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dayMs } from '../src/domain/lifetimes.ts';
import type { Db } from '../src/store/db.ts';
import { derivedColumnsOf } from '../src/store/profiles/derived-columns.ts';
import { openSqliteFile } from '../src/store/sqlite/file.ts';
import { openStore } from '../src/store/store.ts';

/** An open store with many profiles. `close` also deletes it. */
export interface ManyProfiles {
  db: Db;
  now: number;
  close(): Promise<void>;
}

/**
 * Creates a store on disk with `count` profiles, each with one previous and one current token. The current tokens expire
 * evenly over the year after `now` (epoch milliseconds). The rows are written directly, which is faster than an import.
 */
export async function manyProfiles(count: number, now = Date.UTC(2027, 0, 1)): Promise<ManyProfiles> {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-bench-'));
  const file = join(folder, 'store.db');
  await (await openStore(file)).destroy();
  fill(file, count, now);
  const db = await openStore(file);
  return {
    db,
    now,
    close: async () => {
      await db.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fill(file: string, count: number, now: number): void {
  const database = openSqliteFile(file);
  const profile = database.prepare(
    `insert into profile (id, name, deployment, org_id, scopes, created_at, due_at, search_text, title_order,
                          account_order, contact_order, tags_order, ends_at)
     values (?1, ?2, 'commercial', ?3, '["Identity:SCIM"]', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`,
  );
  const token = database.prepare(
    `insert into token (id, profile_id, state, source, ciphertext, captured_at, expires_confirmed, expires_documented,
                        expires_at, scopes, account_id, account_name, account_email, account_admin, verified_at,
                        warnings, next_check_at)
     values (?1, ?2, ?3, 'sign-in', ?4, ?5, ?6, ?7, ?6, '["Identity:SCIM"]', ?1, ?8, ?9, 'full', ?5, '[]', ?10)`,
  );
  const reminder = database.prepare(
    `insert into reminder_schedule (token_id, channel, next_at)
     values (?1, 'mail', ?2), (?1, 'webhook', ?2), (?1, 'desktop', ?2)`,
  );
  const ciphertext = 'x'.repeat(600);
  database.exec('begin');
  for (let index = 0; index < count; index += 1) {
    const name = `customer-${String(index).padStart(7, '0')}`;
    const orgId = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    // Scattered, like sign-ins over a year.
    const expiresAt = now + Math.floor((((index * 7919) % count) + 0.5) * ((365 * dayMs) / count));
    const capturedAt = expiresAt - 365 * dayMs;
    const person = `Person ${index}`;
    const mail = `admin${index}@customer-${index}.example`;
    const current = {
      expires_at: expiresAt,
      rejected_at: null,
      account_name: person,
      account_email: mail,
    };
    const derived = derivedColumnsOf({ name, orgId, contact: null, tags: [], current });
    profile.run(
      name,
      name,
      orgId,
      capturedAt,
      derived.due_at,
      derived.search_text,
      derived.title_order,
      derived.account_order,
      derived.contact_order,
      derived.tags_order,
      derived.ends_at,
    );
    const row = (id: string, state: string, shift: number) =>
      token.run(
        id,
        name,
        state,
        ciphertext,
        capturedAt - shift,
        expiresAt - shift,
        capturedAt - shift + 365 * dayMs,
        person,
        mail,
        now + dayMs,
      );
    row(`${name}-previous`, 'previous', 350 * dayMs);
    row(`${name}-current`, 'current', 0);
    reminder.run(`${name}-current`, nextReminder(expiresAt, now));
  }
  database.exec('commit');
  database.close();
}

/** When the next reminder is due if every earlier one was sent. Epoch milliseconds. */
function nextReminder(expiresAt: number, now: number): number {
  const thresholds = [60, 30, 14, 7, 3, 1, 0].map((days) => expiresAt - (days + 1) * dayMs);
  return thresholds.find((instant) => instant > now) ?? expiresAt;
}

/** The median time of a number of runs. Milliseconds. */
export async function median(runs: number, run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < runs; index += 1) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
}
