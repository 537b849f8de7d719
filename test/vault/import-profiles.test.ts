import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { findProfile, profilesByName } from '../../src/store/profiles/profiles.ts';
import { queryProfiles } from '../../src/store/profiles/query.ts';
import { countByStatus } from '../../src/store/profiles/status-totals.ts';
import { type ProfileRow, parseProfileRow, type RawProfileRow } from '../../src/vault/profiles/csv-row.ts';
import { importProfiles, planImport } from '../../src/vault/profiles/import-profiles.ts';
import { parseProfileCsv, profileCsvHeader, profileCsvLine } from '../../src/vault/profiles/profile-csv.ts';
import { parseProfileRows } from '../../src/vault/profiles/profile-rows.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { actor, allTokens, auditLog, filesHolding, newVault, today } from '../support/vault/test-vault.ts';
import { acmeOrgId, usualToken } from '../support/webex/fake-tokens.ts';

type Cells = RawProfileRow['cells'];

function row(cells: Cells, line = 2): ProfileRow {
  const read = parseProfileRow({ line, cells }, today);
  if ('reason' in read) throw new Error(read.reason);
  return read;
}

function reasonOf(cells: Cells): string {
  const read = parseProfileRow({ line: 2, cells }, today);
  return 'reason' in read ? read.reason : 'none';
}

const token = 'fake-token-for-acme-1';
const captured = '2026-05-01T00:00:00Z';

describe('importProfiles', () => {
  it('stores a row as a profile with its contact and tags, and its token encrypted, current and unverified', async () => {
    const vault = await newVault();
    const cells = {
      profile: 'acme',
      org_id: `{${acmeOrgId.toUpperCase()}}`,
      deployment: 'government',
      contact: 'it@acme.example',
      tags: 'Gold; emea,gold',
      access_token: token,
      captured_at: '2026-05-01T02:00:00+02:00',
      expires_at: '2026-12-24T00:00:00Z',
    };
    expect(await importProfiles(vault, [row(cells)], actor)).toEqual([
      { line: 2, profile: 'acme', outcome: 'created', token: true, reason: null },
    ]);
    expect(await findProfile(vault.db, 'acme')).toMatchObject({
      orgId: acmeOrgId,
      deployment: 'government',
      contact: 'it@acme.example',
      tags: ['emea', 'gold'],
    });
    expect(await allTokens(vault, 'acme')).toEqual([
      expect.objectContaining({
        state: 'current',
        source: 'file',
        verifiedAt: null,
        capturedAt: Date.parse(captured),
        lifetimes: {
          confirmed: null,
          reported: Date.parse('2026-12-24T00:00:00Z'),
          documented: Date.parse(captured) + 365 * dayMs,
        },
      }),
    ]);
    expect(await auditLog(vault)).toEqual(['add ok acme', 'import ok acme']);
    expect((await readToken(vault, 'acme', actor, true)).accessToken).toBe(token);
    expect(filesHolding(vault.settings.home, token)).toEqual([]);
  });

  it('derives the technical name from a display name, and keeps both', async () => {
    const vault = await newVault();
    const named = row({ profile: 'Käufer & Söhne' });
    expect(await importProfiles(vault, [named], actor)).toMatchObject([
      { profile: 'kaufer-sohne', outcome: 'created' },
    ]);
    expect(await findProfile(vault.db, 'kaufer-sohne')).toMatchObject({ displayName: 'Käufer & Söhne' });
    expect(await planImport(vault, [named])).toMatchObject([{ outcome: 'unchanged' }]);
    const other = row({ profile: 'Kaufer, Sohne' });
    expect(await planImport(vault, [other])).toMatchObject([
      { outcome: 'invalid', reason: 'the profile kaufer-sohne already exists and is named Käufer & Söhne' },
    ]);
    const renamed = row({ profile: 'kaufer-sohne', display_name: 'Käufer AG' });
    expect(await importProfiles(vault, [renamed], actor)).toMatchObject([{ outcome: 'updated' }]);
    expect(await findProfile(vault.db, 'kaufer-sohne')).toMatchObject({ displayName: 'Käufer AG' });
    const plain = row({ profile: 'kaufer-sohne' });
    expect(await planImport(vault, [plain])).toMatchObject([{ outcome: 'unchanged' }]);
  });

  it('reads an export without a change, and creates the same profiles in another store', async () => {
    const [vault, other] = [await newVault(), await newVault()];
    const rows = [
      row({ profile: '=SUM(A1), "quoted"; Söhne', contact: 'it@acme.example', tags: 'emea gold' }),
      row({ profile: 'globex', deployment: 'government', org_id: acmeOrgId }),
    ];
    await importProfiles(vault, rows, actor);
    const profilesOf = async ({ db }: typeof vault) => [
      ...(
        await profilesByName(
          db,
          rows.map(({ profile }) => profile),
        )
      ).values(),
    ];
    const exported = profileCsvHeader + (await profilesOf(vault)).map(profileCsvLine).join('');
    const { rows: read, invalid } = parseProfileRows(parseProfileCsv(exported), today);
    expect(invalid).toEqual([]);
    expect((await planImport(vault, read)).map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged']);
    await importProfiles(other, read, actor);
    const shown = (profiles: Awaited<ReturnType<typeof profilesOf>>) => profiles.map(profileCsvLine).sort();
    expect(shown(await profilesOf(other))).toEqual(shown(await profilesOf(vault)));
  });

  it.each([
    ['tabs, as Excel writes with UTF-16', 'profile\tcontact\ttags\n\tx@acme.example\t\nacme\t\temea\n'],
    ['semicolons', 'profile;contact;tags\n;x@acme.example;\nacme;;emea\n'],
    ['commas', 'profile,contact,tags\n,x@acme.example,\nacme,,emea\n'],
    ['empty columns at the end', 'profile,contact,tags,,\n,x@acme.example,,,\nacme,,emea,,\n,,,,\n'],
    ['empty cells beyond the header', 'profile,contact,tags\n,x@acme.example\nacme,,emea,, \n'],
  ])('reads the columns of a file with %s', (_what, text) => {
    expect(parseProfileCsv(text)).toEqual([
      { line: 2, cells: { contact: 'x@acme.example' } },
      { line: 3, cells: { profile: 'acme', tags: 'emea' } },
    ]);
  });

  it('refuses a cell in a column without a name', () => {
    expect(() => parseProfileCsv('profile,,tags\nacme,x,emea\n')).toThrow('Column 2 has no name.');
    expect(() => parseProfileCsv('profile,\nacme,x\n')).toThrow('Line 2 has 2 cells');
  });

  it('reads the deployment in any case', () => {
    expect(row({ profile: 'acme', deployment: 'Government' })).toMatchObject({ deployment: 'government' });
  });

  it('keeps the invisible characters that join letters and emoji', () => {
    for (const name of ['\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645', '\u{1f469}\u200d\u{1f680}']) {
      expect(row({ profile: 'acme', display_name: name })).toMatchObject({ displayName: name });
    }
  });

  it.each(['=1', '+1', '-1', '@a', '\uff1d1', '\uff0b1', '\uff0d1', '\uff20a'])(
    'exports no formula for a spreadsheet, and reads it back: %j',
    async (displayName) => {
      const vault = await newVault();
      await importProfiles(vault, [row({ profile: 'acme', display_name: displayName })], actor);
      const profile = await findProfile(vault.db, 'acme');
      if (profile === null) throw new Error('no profile');
      const line = profileCsvLine(profile);
      expect(line).toContain(`,'${displayName},`);
      expect(parseProfileCsv(profileCsvHeader + line)[0]?.cells.display_name).toBe(displayName);
    },
  );

  it('reads the organization from the token', () => {
    const cells = { profile: 'acme', access_token: `Bearer ${usualToken()}`, captured_at: captured };
    expect(row(cells)).toMatchObject({ orgId: acmeOrgId, token: { accessToken: usualToken() } });
    expect(reasonOf({ ...cells, org_id: '99999999-8888-4777-8666-555555555555' })).toMatch(/organization/);
  });

  it.each<[Cells, RegExp]>([
    [{}, /no name/],
    [{ profile: '社' }, /needs a letter from a to z/],
    [{ profile: 'x'.repeat(70) }, /not a valid display name\. Use up to 100 characters/],
    [{ profile: 'a', display_name: 'two\u202elines' }, /invisible character \(U\+202E\)/],
    [{ profile: 'a', display_name: 'zero\u200dwidth' }, /invisible character \(U\+200D\)/],
    [{ profile: 'a', org_id: 'acme' }, /./],
    [{ profile: 'a', deployment: 'Standard' }, /neither commercial nor government/],
    [{ profile: 'a', contact: 'it@acme.example, two@acme.example' }, /not a valid mail address/],
    [{ profile: 'a', contact: 'it@acme.example\r\nBcc: x@y.example' }, /not a valid mail address/],
    [{ profile: 'a', tags: 'ok not/ok' }, /is not a valid tag\. Use the letters a to z/],
    [{ profile: 'a', access_token: token }, /captured_at or expires_at/],
    [{ profile: 'a', captured_at: captured }, /no access_token/],
    [{ profile: 'a', access_token: 'two words', captured_at: captured }, /space/],
    [{ profile: 'a', access_token: token, captured_at: '2026-05-01' }, /RFC 3339/],
    [{ profile: 'a', access_token: token, captured_at: '2026-02-30T00:00:00Z' }, /RFC 3339/],
    [
      { profile: 'a', access_token: token, captured_at: '2028-05-01T00:00:00Z' },
      /future; if it is right, check this machine’s clock/,
    ],
    [{ profile: 'a', access_token: token, captured_at: captured, expires_at: captured }, /not after/],
    [
      { profile: 'a', access_token: token, captured_at: captured, expires_at: '2046-05-01T00:00:00Z' },
      /ten years/,
    ],
  ])('rejects %j with a reason that does not contain the token', (cells, why) => {
    expect(reasonOf(cells)).toMatch(why);
    expect(reasonOf(cells)).not.toContain(token);
  });

  it('changes nothing in a second run, and stores what is new in the file', async () => {
    const vault = await newVault();
    const cells = { profile: 'acme', tags: 'emea', access_token: token, captured_at: captured };
    await importProfiles(vault, [row(cells)], actor);
    const before = await auditLog(vault);
    expect((await importProfiles(vault, [row(cells)], actor)).map(({ outcome }) => outcome)).toEqual([
      'unchanged',
    ]);
    // Values that the file leaves out stay unchanged.
    expect((await planImport(vault, [row({ profile: 'acme' })])).map(({ outcome }) => outcome)).toEqual([
      'unchanged',
    ]);
    expect(await auditLog(vault)).toEqual(before);

    const changed = row({ profile: 'acme', tags: 'gold', contact: 'it@acme.example', org_id: acmeOrgId });
    expect(await importProfiles(vault, [changed], actor)).toMatchObject([
      { outcome: 'updated', token: false },
    ]);
    expect(await findProfile(vault.db, 'acme')).toMatchObject({
      orgId: acmeOrgId,
      contact: 'it@acme.example',
      tags: ['gold'],
    });
    const found = async (filter: { tag?: string; search?: string }) =>
      (await queryProfiles(vault.db, { ...filter, sort: 'name', limit: 10, now: today })).rows.length;
    expect(await found({ tag: 'gold' })).toBe(1);
    expect(await found({ tag: 'emea' })).toBe(0);
    expect(await found({ search: 'it@acme gold' })).toBe(1);
    expect(await found({ search: 'emea' })).toBe(0);
  });

  it('keeps what is stored if the file contradicts it', async () => {
    const vault = await newVault();
    await importProfiles(
      vault,
      [row({ profile: 'acme', org_id: acmeOrgId, access_token: token, captured_at: captured })],
      actor,
    );
    const reasonFor = async (cells: Cells) =>
      (await planImport(vault, [row({ profile: 'acme', ...cells })]))[0]?.reason;
    expect(await reasonFor({ deployment: 'government' })).toMatch(/belongs to Webex/);
    expect(await reasonFor({ org_id: '99999999-8888-4777-8666-555555555555' })).toMatch(
      /belongs to the organization/,
    );
    expect(await reasonFor({ access_token: 'fake-token-for-acme-2', captured_at: captured })).toMatch(
      /already has another token/,
    );
  });

  it('imports hundreds of rows at once, each with its own token and status', async () => {
    const vault = await newVault();
    const rows = Array.from({ length: 400 }, (_, at) =>
      row({
        profile: `customer-${at}`,
        tags: at % 2 === 0 ? 'even' : 'odd',
        access_token: `fake-token-for-customer-${at}`,
        captured_at: new Date(today - at * dayMs).toISOString(),
      }),
    );
    await importProfiles(vault, rows, actor);
    const totals = await countByStatus(vault.db, { now: today, tag: 'even' });
    expect(totals).toMatchObject({ all: 200, expired: 17, expiring: 15, valid: 168, empty: 0 });
    const { accessToken } = await readToken(vault, 'customer-77', actor);
    expect(accessToken).toBe('fake-token-for-customer-77');
    const known = await profilesByName(vault.db, ['customer-1', 'customer-399', 'nobody']);
    expect([...known.keys()].sort()).toEqual(['customer-1', 'customer-399']);
  });

  it('reads the deployment from the token if the file does not name it, and rejects the row if they differ', async () => {
    const vault = await newVault();
    const government = usualToken({ cluster: 'FC82' });
    const gov = { profile: 'gov', access_token: government, captured_at: captured };
    expect(await importProfiles(vault, [row(gov)], actor)).toMatchObject([
      { outcome: 'created', token: true },
    ]);
    expect(await findProfile(vault.db, 'gov')).toMatchObject({ deployment: 'government' });
    // Without the column, an existing profile keeps its own deployment.
    expect(await importProfiles(vault, [row({ ...gov, contact: 'it@gov.example' })], actor)).toMatchObject([
      { outcome: 'updated', token: false },
    ]);
    await importProfiles(vault, [row({ profile: 'acme' })], actor);
    for (const foreign of [
      { ...gov, profile: 'acme' },
      { ...gov, profile: 'new', deployment: 'commercial' },
      { ...gov, access_token: usualToken({ cluster: 'PF84' }) },
    ]) {
      expect(await planImport(vault, [row(foreign)])).toMatchObject([
        { outcome: 'invalid', token: false, reason: expect.stringMatching(/^the token belongs to Webex/) },
      ]);
      await importProfiles(vault, [row(foreign)], actor);
    }
    expect(await findProfile(vault.db, 'new')).toBeNull();
    expect(await allTokens(vault, 'acme')).toEqual([]);
  });
});
