import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WrappedDataKey } from '../../src/crypto/data-key.ts';
import { keyId } from '../../src/crypto/key-id.ts';
import { type KeyRequest, requestFor } from '../../src/crypto/key-request.ts';
import { type AuthorizingKey, wrapForRecipient } from '../../src/crypto/wrap-for-recipient.ts';
import { insertDataKeys, listDataKeys } from '../../src/store/keys/keys.ts';
import { acceptRolledBackStore } from '../../src/vault/backup/accept-rollback.ts';
import { expectEnrollment } from '../../src/vault/integrity/key-memory.ts';
import { approveKeyRequest } from '../../src/vault/key-operations/add-key.ts';
import { removeKey } from '../../src/vault/key-operations/remove-key.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { createKeychainKey } from '../../src/vault/keys/create-key.ts';
import { VaultKeys } from '../../src/vault/keys/key-manager.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { type Host, hosts } from '../support/vault/key-hosts.ts';
import { actor, type TestVault } from '../support/vault/test-vault.ts';

/*
 * Eve has left. She can write to the database, and kept what she had: the line of Ben's request, every data key until
 * she left, and every row of the database as it was at each moment.
 */
interface Team {
  ada: TestVault;
  ben: Host;
  vaultOfBen: TestVault;
  request: KeyRequest;
  /** What Eve knows of the data keys: generations 0 and 1. */
  known: AuthorizingKey[];
  /** Every row that there ever was for Ben's key. */
  oldRows: WrappedDataKey[];
  /** Ben's rows as they are. */
  rows: WrappedDataKey[];
}

async function requestOf({ settings, keychain }: Host, name: string): Promise<KeyRequest> {
  const { key } = await createKeychainKey({ settings, keychain, now: Date.now, onWarning: () => {} });
  return requestFor(key, 'keychain', name);
}

async function teamThatEveLeft(): Promise<Team> {
  const [adas, ben, eves] = await hosts(3);
  if (adas === undefined || ben === undefined || eves === undefined) throw new Error('no hosts');
  const ada = await adas.open();
  const request = await requestOf(ben, 'ben@laptop');
  const requestOfEve = await requestOf(eves, 'eve@laptop');
  const oldRows: WrappedDataKey[] = [];
  const keepRows = async () => void oldRows.push(...(await listDataKeys(ada.db, request.id)));
  await approveKeyRequest(ada, request, actor);
  await approveKeyRequest(ada, requestOfEve, actor);
  await keepRows();
  await ben.open();
  await keepRows();
  await rotateDataKey(ada, actor);
  await keepRows();
  const eve = await eves.open();
  await ben.open();
  const known = eve.keys.ring.dataKeys;
  expect(known).toHaveLength(2);
  await removeKey(ada, requestOfEve.id, actor);
  await keepRows();
  const vaultOfBen = await ben.open();
  await keepRows();
  await rotateDataKey(vaultOfBen, actor);
  return { ada, ben, vaultOfBen, request, known, oldRows, rows: await listDataKeys(ada.db, request.id) };
}

async function replaceRows({ ada, request }: Team, rows: WrappedDataKey[]): Promise<void> {
  await ada.db.deleteFrom('wrapped_data_key').where('key_encryption_key_id', '=', request.id).execute();
  const unique = new Map(rows.map((row) => [row.dataKeyId, row]));
  await insertDataKeys(ada.db, 0, [...unique.values()]);
}

/** A data key of Eve's own for Ben, with her choice of generation and of the key that vouches for it. */
async function planted(
  { request }: Team,
  generation: number,
  voucher: AuthorizingKey,
  key = randomBytes(32),
) {
  return { key, row: await wrapForRecipient(key, generation, request, voucher) };
}

const voucherOf = (key: Buffer): AuthorizingKey => ({ id: keyId(key), key });

function enrollmentKey({ request }: Team): AuthorizingKey {
  return voucherOf(Buffer.from(request.admissionKey, 'base64url'));
}

/** Planted rows from one generation to another, each vouched for by the one before. */
async function chain(team: Team, first: AuthorizingKey, from: number, to: number): Promise<WrappedDataKey[]> {
  const rows: WrappedDataKey[] = [];
  let voucher = first;
  for (let generation = from; generation <= to; generation += 1) {
    const { key, row } = await planted(team, generation, voucher);
    rows.push(row);
    voucher = voucherOf(key);
  }
  return rows;
}

const known = (team: Team, generation: number) => team.known[generation] as AuthorizingKey;

describe('data keys that a former colleague plants', () => {
  const plans: [string, (team: Team) => Promise<WrappedDataKey[]>][] = [
    [
      'an old row that vouches for a higher generation',
      async (team) => [
        ...team.oldRows.filter(({ generation }) => generation === 1).slice(-1),
        ...team.rows,
        (await planted(team, 4, known(team, 1))).row,
      ],
    ],
    [
      'an old row alone',
      async ({ oldRows }) => oldRows.filter(({ generation }) => generation === 1).slice(-1),
    ],
    ['the rows as they were when she was there', async ({ oldRows }) => oldRows.slice(0, 1)],
    [
      'a chain from an old row up to a higher generation',
      async (team) => [
        ...team.oldRows.filter(({ generation }) => generation === 1).slice(-1),
        ...(await chain(team, known(team, 1), 2, 9)),
      ],
    ],
    [
      'a chain from an old row up to the rows that are there',
      async (team) => [
        ...team.oldRows.filter(({ generation }) => generation === 1).slice(-1),
        ...(await chain(team, known(team, 1), 2, 2)),
        ...team.rows,
      ],
    ],
    [
      'a row with a skipped generation',
      async (team) => [...team.rows, (await planted(team, 5, known(team, 1))).row],
    ],
    [
      'a row with the generation that is there',
      async (team) => [...team.rows, (await planted(team, 3, known(team, 1))).row],
    ],
    [
      'a first data key for the request, with no other row',
      async (team) => [(await planted(team, 4, enrollmentKey(team))).row],
    ],
    [
      'a data key for the request next to the rows that are there',
      async (team) => [...team.rows, (await planted(team, 4, enrollmentKey(team))).row],
    ],
    [
      'a data key for the request below the rows that are there',
      async (team) => [(await planted(team, 2, enrollmentKey(team))).row, ...team.rows],
    ],
    ['a chain that begins with the request', async (team) => await chain(team, enrollmentKey(team), 0, 7)],
    [
      'the generation of a row changed',
      async ({ rows }) => rows.map((row) => ({ ...row, generation: row.generation + 1 })),
    ],
  ];

  it('are not used, regardless of what replaces the rows', async () => {
    const team = await teamThatEveLeft();
    for (const [name, plan] of plans) {
      await replaceRows(team, await plan(team));
      const error = await brokerErrorOf(() => VaultKeys.open(team.ada.db, team.vaultOfBen.keys.source));
      expect({ name, code: error.code }).toEqual({
        name,
        code: expect.stringMatching(/^E_(INTEGRITY|STORE_ROLLED_BACK)$/),
      });
      const running = await brokerErrorOf(() => team.vaultOfBen.keys.refresh());
      expect({ name, code: running.code }).toEqual({ name, code: error.code });
    }
    await replaceRows(team, team.rows);
    await team.ben.open();
  });

  it('are not used in any other arrangement', async () => {
    const team = await teamThatEveLeft();
    const newest = team.vaultOfBen.keys.ring.primaryKey.id;
    const genuine = new Set(team.oldRows.concat(team.rows).map(({ dataKeyId }) => dataKeyId));
    const vouchers = [...team.known, enrollmentKey(team)];
    const step = fc.record({
      generation: fc.integer({ min: 0, max: 6 }),
      what: fc.oneof(
        fc.record({ old: fc.nat({ max: team.oldRows.length - 1 }) }),
        fc.record({ vouchedBy: fc.nat({ max: vouchers.length }) }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 6 }), async (keepReal, steps) => {
        const rows = keepReal ? [...team.rows] : [];
        let previous = vouchers[0] as AuthorizingKey;
        for (const { generation, what } of steps) {
          if ('old' in what) {
            rows.push(team.oldRows[what.old] as WrappedDataKey);
            continue;
          }
          const { key, row } = await planted(team, generation, vouchers[what.vouchedBy] ?? previous);
          previous = voucherOf(key);
          rows.push(row);
        }
        await replaceRows(team, rows);
        let opened: VaultKeys;
        try {
          opened = await VaultKeys.open(team.ada.db, team.vaultOfBen.keys.source);
        } catch {
          return;
        }
        expect(opened.ring.primaryKey.id).toBe(newest);
        for (const { id } of opened.ring.dataKeys) expect(genuine).toContain(id);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a data key', () => {
  it('opens again if the database lost the last commits', async () => {
    const [adas, ben] = await hosts(2);
    if (adas === undefined || ben === undefined) throw new Error('no hosts');
    const ada = await adas.open();
    const request = await requestOf(ben, 'ben@laptop');
    await approveKeyRequest(ada, request, actor);
    for (let turn = 0; turn < 2; turn += 1) {
      const rows = await listDataKeys(ada.db, request.id);
      await ben.open();
      await ada.db.deleteFrom('wrapped_data_key').where('key_encryption_key_id', '=', request.id).execute();
      await insertDataKeys(ada.db, 0, rows);
      expect((await ben.open()).keys.ring.generation).toBe(turn);
      await rotateDataKey(ada, actor);
    }
  });
});

describe('what is remembered about the data keys', () => {
  it('is next to the key, and contains no key', async () => {
    const { ben, vaultOfBen, ada } = await teamThatEveLeft();
    const entries = [...ben.keychain.entries].filter(([name]) => name.startsWith('seen-keys'));
    expect(entries).toHaveLength(1);
    const memory = JSON.parse(entries[0]?.[1].toString() ?? '') as unknown;
    expect(memory).toEqual({
      generation: 3,
      dataKeyId: vaultOfBen.keys.ring.primaryKey.id,
      opened: [vaultOfBen.keys.kek.info.id],
    });
    // Where the key is in a file: Ada's host has no keychain entry in this folder.
    expect(readdirSync(ada.settings.home).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is reset on each host when a rollback is accepted there', async () => {
    const team = await teamThatEveLeft();
    const { ben, oldRows, ada } = team;
    await replaceRows(team, oldRows.filter(({ generation }) => generation === 1).slice(-1));
    expect(await brokerErrorOf(ben.open)).toMatchObject({
      code: 'E_STORE_ROLLED_BACK',
      message: expect.stringContaining('generation 1'),
    });
    await acceptRolledBackStore(ben.settings, ben.keychain, ada.now, actor);
    await VaultKeys.open(ada.db, { ...ben, now: ada.now, onWarning: () => {} });
  });

  it('allows a person to request access again with the same key', async () => {
    const team = await teamThatEveLeft();
    const { ada, ben, request } = team;
    await removeKey(ada, request.id, actor);
    await approveKeyRequest(ada, request, actor);
    expect((await brokerErrorOf(ben.open)).code).toBe('E_INTEGRITY');
    await expectEnrollment({ ...ben }, 'keychain', request.id);
    const again = await ben.open();
    expect(again.keys.ring.generation).toBe(4);
  });
});
