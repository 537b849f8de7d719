import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readProfileFile } from '../../src/cli/options/profile-csv.ts';
import { chunksOf, openBackup } from '../../src/vault/backup/read.ts';
import { writeBackup } from '../../src/vault/backup/write.ts';
import { parseProfileRow } from '../../src/vault/profiles/csv-row.ts';
import { anyText } from '../support/any-text.ts';
import { assertSilent, refusesWell, type Target } from './target.ts';
import { noKeychain, openWorld, storedToken } from './world.ts';

const header = 'profile,display_name,org_id,deployment,contact,tags,access_token,captured_at,expires_at';
const cell = fc.oneof(
  fc.constantFrom(
    'acme',
    '11111111-2222-4333-8444-555555555555',
    'commercial',
    'government',
    'a@b.example',
    'emea,apac',
    '2027-03-01T00:00:00Z',
    '2027-13-99T99:99:99Z',
    '"',
    '""',
    '"a,b"',
    '=cmd|calc',
    '\n',
    '\r',
    ';',
    '\u202e',
    '\u001b[31m',
    '\0',
  ),
  anyText({ maxLength: 40 }),
);

export async function csvTarget(): Promise<Target<{ secret: string; text: string; bytes: Uint8Array }>> {
  const world = await openWorld();
  const file = join(world.folder, 'profiles.csv');
  const secret = fc.stringMatching(/^[A-Za-z0-9_-]{24,60}$/).map((text) => `fake-${text}`);
  return {
    inputs: fc.record({
      secret,
      text: fc
        .record({
          head: fc.oneof({ weight: 6, arbitrary: fc.constant(header) }, { weight: 1, arbitrary: cell }),
          rows: fc.array(fc.array(cell, { maxLength: 9 }), { maxLength: 5 }),
          end: fc.constantFrom('\n', '\r\n', '\r', ''),
        })
        .map(({ head, rows, end }) => [head, ...rows.map((row) => row.join(','))].join(end || '\n') + end),
      bytes: fc.oneof(
        { weight: 8, arbitrary: fc.constant(new Uint8Array()) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
      ),
    }),
    async check({ secret: token, text, bytes }) {
      const withToken = `${text}\nacme,,,,,${token},2027-01-01T00:00:00Z,\n`;
      writeFileSync(file, Buffer.concat([Buffer.from(withToken), bytes]), { mode: 0o600 });
      const read = await refusesWell(() => readProfileFile(file), token);
      for (const raw of read?.rows ?? []) {
        const row = parseProfileRow(raw, Date.UTC(2027, 2, 1));
        if ('reason' in row) {
          assertSilent(row.reason, token);
          continue;
        }
        assert.match(row.profile, /^[a-z0-9][a-z0-9._-]{0,62}$/);
        assert.doesNotMatch([row.contact, ...(row.tags ?? [])].join(' '), /\p{Cc}/u);
      }
    },
    close: () => world.close(),
  };
}

interface Change {
  at: number;
  remove: number;
  insert: Uint8Array;
}

export async function backupTarget(): Promise<Target<Change[]>> {
  const world = await openWorld();
  const { settings } = world.vault;
  const file = join(world.folder, 'backup');
  await writeBackup(world.vault, file, {}, { program: 'the tests' });
  const whole = readFileSync(file);
  const changed = join(world.folder, 'changed');
  const own = { settings, keychain: noKeychain, now: world.vault.now, onWarning: () => {} };
  const sources = { own, backupPassphrase: null };
  const read = async (path: string) => {
    const rows: unknown[] = [];
    for await (const chunk of chunksOf(path, await openBackup(path, sources))) rows.push(...chunk);
    return JSON.stringify(rows);
  };
  const right = await read(file);
  assert.ok(right.length > 100);
  assert.ok(!right.includes(storedToken));
  return {
    inputs: fc.array(
      fc.record({
        at: fc.nat(whole.length),
        remove: fc.oneof(fc.nat(3), fc.nat(whole.length)),
        insert: fc.oneof(
          fc.uint8Array({ maxLength: 8 }),
          fc
            .constantFrom('\n', '{', '}', '"', '.', '[]', 'null', '1e999', '"__proto__":{}', ',')
            .map((text) => new TextEncoder().encode(text)),
        ),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    async check(changes) {
      let bytes: Buffer = whole;
      for (const { at, remove, insert } of changes) {
        bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
      }
      writeFileSync(changed, bytes, { mode: 0o600 });
      const rows = await refusesWell(() => read(changed), storedToken);
      // All of it counts, or none.
      if (rows !== null) assert.ok(bytes.equals(whole), 'a changed backup was taken');
    },
    close: () => world.close(),
  };
}
