import { shortKeyId } from '../../crypto/key-id.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import {
  deleteKeyEncryptionKey,
  type KeyEncryptionKeyRecord,
  listKeyRecords,
} from '../../store/keys/keys.ts';
import type { Actor, Vault } from '../context.ts';
import { loadKey } from '../keys/load-key.ts';
import { verifyKey } from '../keys/verify-key.ts';
import { type RotationResult, rotateDataKey } from './rotate-data-key.ts';

/**
 * Removes a key from the store. Because its holder may have kept the data key, the data key is rotated and every token is
 * re-encrypted. `id` may be the start of the key's ID.
 * Throws `E_NO_KEY`, `E_KEY_LAST`, `E_KEY_IN_USE`.
 */
export async function removeKey(
  vault: Pick<Vault, 'db' | 'keys' | 'now' | 'settings'>,
  id: string,
  actor: Actor,
  progress?: (done: number, total: number) => void,
): Promise<RotationResult & { removed: KeyEncryptionKeyRecord }> {
  const removed = await find(vault.db, id);
  await switchToOtherKey(vault, removed.info.id);
  const remove = async (trx: Db) => {
    const known = await listKeyRecords(trx);
    // Another process may have removed keys in the meantime, including the one of this host.
    if (!known.some(({ info }) => info.id === vault.keys.kek.info.id)) throw lastKey();
    if (known.length <= 1) throw lastKey();
    await deleteKeyEncryptionKey(trx, removed.info.id);
    await appendAudit(trx, vault.now(), {
      action: 'key-remove',
      outcome: 'ok',
      subject: shortKeyId(removed.info.id),
      ...actor,
    });
  };
  return { ...(await rotateDataKey(vault, actor, progress, remove)), removed };
}

/** If the key to remove is the one that this host uses, switches to another key of this host first. */
async function switchToOtherKey({ db, keys }: Pick<Vault, 'db' | 'keys'>, id: string): Promise<void> {
  if (keys.kek.info.id !== id) return;
  const others = (await listKeyRecords(db)).map(({ info }) => info).filter((info) => info.id !== id);
  if (others.length === 0) throw lastKey();
  try {
    const other = await loadKey(others, keys.source);
    await verifyKey(db, keys, other.info, keys.source);
    keys.useKek(other);
  } catch (cause) {
    if (!(cause instanceof BrokerError)) throw cause;
    throw new BrokerError('E_KEY_IN_USE', 'This is the only key with which this host can open the store.', {
      help: {
        text: 'Remove it on another host. To see which hosts have which keys',
        command: ['key', 'status'],
      },
      cause,
    });
  }
}

function lastKey(): BrokerError {
  return new BrokerError(
    'E_KEY_LAST',
    'The last key of a store cannot be removed, because the tokens could not be decrypted without it.',
    {
      help: { text: 'To replace it', command: ['key', 'rotate', '--to', 'KIND'] },
    },
  );
}

async function find(db: Db, id: string): Promise<KeyEncryptionKeyRecord> {
  const matching = (await listKeyRecords(db)).filter(
    ({ info }) => info.id.startsWith(id) || info.id.replace(/^[-_]+/, '').startsWith(id),
  );
  const [record] = matching;
  if (record !== undefined && matching.length === 1 && id.length >= 4) return record;
  throw new BrokerError(
    'E_NO_KEY',
    matching.length > 1 ? 'Several keys match this ID.' : 'No key matches this ID.',
    {
      help: {
        text: 'The first eight characters of an ID are enough. To list the keys',
        command: ['key', 'status'],
      },
    },
  );
}
