import type { Settings } from '../../config/settings.ts';
import type { Keychain } from '../../crypto/keychain.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { type CopyOptions, changedSince, copyStore, type TableContent } from '../../store/database/copy.ts';
import type { Db } from '../../store/db.ts';
import { listKeyEncryptionKeys } from '../../store/keys/keys.ts';
import { redactedLocation } from '../../store/postgres/url.ts';
import { iterateCiphertexts } from '../../store/profiles/tokens.ts';
import { openStore } from '../../store/store.ts';
import type { Actor } from '../context.ts';
import { openKeys } from '../keys/open-keys.ts';
import { verifySavedChannels } from '../reminders/channel-settings.ts';

export interface CopyResult {
  tables: TableContent[];
  /** How many tokens in the copy were decrypted. */
  tokens: number;
  /** Whether someone wrote to the original during the copy. */
  changedMeanwhile: boolean;
}

export interface CopyStoreOptions {
  settings: Settings;
  keychain: Keychain;
  now: () => number;
  actor: Actor;
  progress?: CopyOptions['progress'];
  /** Called with the number of tokens in the copy that were decrypted so far. */
  opened?: (tokens: number) => void;
}

/**
 * Copies a store (a SQLite file or a PostgreSQL database) into an empty one, and verifies the copy: every row, the audit log's
 * chain, and that every token can be decrypted. If this fails, the target stays empty.
 */
export async function copyStoreTo(
  fromPlace: string,
  toPlace: string,
  { settings, keychain, now, actor, progress, opened }: CopyStoreOptions,
): Promise<CopyResult> {
  const from = await openStore(fromPlace);
  try {
    // The keys are loaded for the original, which records that. Without the key, nothing is copied.
    const hasKeys = (await listKeyEncryptionKeys(from)).length > 0;
    const keys = hasKeys ? await openKeys(from, { settings, keychain, now, onWarning: () => {} }) : null;
    const to = await openStore(toPlace);
    try {
      let tokens = 0;
      const prove = async (copy: Db) => {
        for await (const { id, profileId, ciphertext } of iterateCiphertexts(copy)) {
          if (keys === null) throw new BrokerError('E_STORE_COPY', 'The store contains tokens but no keys.');
          keys.decryptSync(ciphertext, { tokenId: id, profileId });
          tokens += 1;
          opened?.(tokens);
        }
        if (keys !== null) await verifySavedChannels({ db: copy, keys });
        await appendAudit(copy, now(), {
          action: 'store-copy',
          outcome: 'ok',
          subject: redactedLocation(toPlace),
          ...actor,
        });
      };
      const contents = await copyStore(from, to, { prove, ...(progress && { progress }) });
      return { tables: contents, tokens, changedMeanwhile: await changedSince(from, contents) };
    } finally {
      await to.destroy();
    }
  } finally {
    await from.destroy();
  }
}
