import { listKeyHosts } from '../../store/keys/key-hosts.ts';
import { type KeyEncryptionKeyRecord, listAllDataKeys, listKeyRecords } from '../../store/keys/keys.ts';
import { activeReplacement, activeRotation } from '../../store/keys/rotation.ts';
import type { Vault } from '../context.ts';
import { withKeySnapshot } from '../keys/key-snapshot.ts';
import { keyFilePath } from '../keys/load-key.ts';
import { isAuthorizedKek } from '../keys/wrap-data-key.ts';

export interface KeyStatus {
  keys: KeyDescription[];
  dataKeys: DataKeyDescription[];
  /** The key operation that is running or was interrupted; null if there is none. */
  unfinished: 'rotation' | 'replacement' | null;
}

export interface KeyDescription {
  id: string;
  kind: 'keychain' | 'file' | 'passphrase';
  /** Where this host stores it. */
  location: string;
  name: string;
  createdAt: number;
  /** Whether this host uses it. */
  usedHere: boolean;
  /** False if the store contains the key, but no key holder authorized it. */
  authorized: boolean;
  hosts: { host: string; seenAt: number }[];
}

export interface DataKeyDescription {
  id: string;
  generation: number;
  createdAt: number;
  /** How many keys can unwrap it. */
  wrappedFor: number;
  current: boolean;
}

/** The keys of the store, and the hosts that have them. Times are epoch milliseconds. */
export async function keyStatus({
  db,
  keys,
  settings,
}: Pick<Vault, 'db' | 'keys' | 'settings'>): Promise<KeyStatus> {
  return await withKeySnapshot(db, keys, (snapshot) => describeKeys(snapshot, keys, settings));
}

async function describeKeys(
  db: Vault['db'],
  keys: Vault['keys'],
  settings: Vault['settings'],
): Promise<KeyStatus> {
  const hosts = await listKeyHosts(db);
  const records = await listKeyRecords(db);
  const locations = {
    keychain: 'the keychain of the operating system',
    file: keyFilePath(settings),
    passphrase: 'WEBEX_TOKEN_PASSPHRASE',
  };
  const describe = (record: KeyEncryptionKeyRecord): KeyDescription => ({
    id: record.info.id,
    kind: record.info.kind,
    location: locations[record.info.kind],
    name: record.name,
    createdAt: record.createdAt,
    usedHere: record.info.id === keys.kek.info.id,
    authorized: isAuthorizedKek(record, keys),
    hosts: hosts
      .filter(({ keyEncryptionKeyId }) => keyEncryptionKeyId === record.info.id)
      .map(({ host, seenAt }) => ({ host, seenAt })),
  });
  const unfinished =
    (await activeRotation(db)) !== null
      ? 'rotation'
      : (await activeReplacement(db)) !== null
        ? 'replacement'
        : null;
  return { keys: records.map(describe), dataKeys: await describeDataKeys(db), unfinished };
}

async function describeDataKeys(db: Vault['db']): Promise<DataKeyDescription[]> {
  const described = new Map<string, DataKeyDescription>();
  for (const { dataKeyId, generation, createdAt } of await listAllDataKeys(db)) {
    const known = described.get(dataKeyId);
    if (known === undefined) {
      described.set(dataKeyId, { id: dataKeyId, generation, createdAt, wrappedFor: 1, current: false });
    } else {
      known.wrappedFor += 1;
    }
  }
  const all = [...described.values()];
  const newest = all.at(-1);
  if (newest !== undefined) newest.current = true;
  return all;
}
