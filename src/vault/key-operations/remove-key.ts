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
 * Takes a key away from the store. Its holder may have kept the data key, so that the store gets a new one and every
 * token is sealed anew. `id` may be the beginning of the key's ID.
 * Throws `E_NO_KEY`, `E_KEY_LAST`, `E_KEY_IN_USE`.
 */
export async function removeKey(
  vault: Pick<Vault, 'db' | 'keys' | 'now'>,
  id: string,
  actor: Actor,
  progress?: (done: number, total: number) => void,
): Promise<RotationResult & { removed: KeyEncryptionKeyRecord }> {
  const removed = await find(vault.db, id);
  await holdAnother(vault, removed.info.id);
  const remove = async (trx: Db) => {
    const known = await listKeyRecords(trx);
    // Others may have been taken away meanwhile, the one that opens the store here among them.
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

/** What opens the store here has to go on doing so: another key, where that is the one to go. */
async function holdAnother({ db, keys }: Pick<Vault, 'db' | 'keys'>, id: string): Promise<void> {
  if (keys.kek.info.id !== id) return;
  const others = (await listKeyRecords(db)).map(({ info }) => info).filter((info) => info.id !== id);
  if (others.length === 0) throw lastKey();
  try {
    const held = await loadKey(others, keys.source);
    await verifyKey(db, keys, held.info, keys.source);
    keys.useKek(held);
  } catch (cause) {
    if (!(cause instanceof BrokerError)) throw cause;
    throw new BrokerError('E_KEY_IN_USE', 'That is the only key which opens the store here.', {
      help: 'Take it away on a machine where another key does: "webex-token key status" says which are held where.',
      cause,
    });
  }
}

function lastKey(): BrokerError {
  return new BrokerError('E_KEY_LAST', 'That is the only key of this store, and the last one stays.', {
    help: 'Without it nobody could read the tokens. "webex-token key rotate --to …" puts another in its place.',
  });
}

async function find(db: Db, id: string): Promise<KeyEncryptionKeyRecord> {
  const matching = (await listKeyRecords(db)).filter(
    ({ info }) => info.id.startsWith(id) || info.id.replace(/^[-_]+/, '').startsWith(id),
  );
  const [record] = matching;
  if (record !== undefined && matching.length === 1 && id.length >= 4) return record;
  throw new BrokerError(
    'E_NO_KEY',
    matching.length > 1 ? 'Several keys begin like that.' : 'The store has no such key.',
    { help: '"webex-token key status" lists them; the first eight letters of an ID are enough.' },
  );
}
