import { withSnapshot } from '../../store/copy.ts';
import { listKeyHolders } from '../../store/keys/key-hosts.ts';
import { type KeyEncryptionKeyRecord, listAllDataKeys, listKeyRecords } from '../../store/keys/keys.ts';
import { activeReplacement, activeRotation } from '../../store/keys/rotation.ts';
import type { Vault } from '../context.ts';
import { keyFilePath } from '../keys/load-key.ts';
import { isAuthorizedKek } from '../keys/wrap-data-key.ts';

export interface KeyStatus {
  keys: KeyDescription[];
  dataKeys: DataKeyDescription[];
  /** A change of keys that was begun and not ended yet. */
  unfinished: 'rotation' | 'replacement' | null;
}

export interface KeyDescription {
  id: string;
  kind: 'keychain' | 'file' | 'passphrase';
  /** Where it lies, as seen from here. */
  place: string;
  name: string;
  createdAt: number;
  /** Whether it opened the store here. */
  usedHere: boolean;
  /** False: it stands in the store, but nobody with access has let it in. */
  trusted: boolean;
  hosts: { host: string; seenAt: number }[];
}

export interface DataKeyDescription {
  id: string;
  generation: number;
  createdAt: number;
  /** How many of the keys can open it. */
  wrappedFor: number;
  current: boolean;
}

/** Which keys the store has, what they open, and which hosts hold them. Instants are epoch milliseconds. */
export async function keyStatus({
  db,
  keys,
  settings,
}: Pick<Vault, 'db' | 'keys' | 'settings'>): Promise<KeyStatus> {
  // All of it as of one instant: another process may be changing the keys.
  return await withSnapshot(db, async (snapshot) => {
    await keys.refresh(snapshot);
    return await describeKeys(snapshot, keys, settings);
  });
}

async function describeKeys(
  db: Vault['db'],
  keys: Vault['keys'],
  settings: Vault['settings'],
): Promise<KeyStatus> {
  const holders = await listKeyHolders(db);
  const records = await listKeyRecords(db);
  const places = {
    keychain: 'the keychain of the operating system',
    file: keyFilePath(settings),
    passphrase: 'WEBEX_TOKEN_PASSPHRASE',
  };
  const describe = (record: KeyEncryptionKeyRecord): KeyDescription => ({
    id: record.info.id,
    kind: record.info.kind,
    place: places[record.info.kind],
    name: record.name,
    createdAt: record.createdAt,
    usedHere: record.info.id === keys.kek.info.id,
    trusted: isAuthorizedKek(record, keys),
    hosts: holders
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
