import { BrokerError } from '../errors/broker-error.ts';
import { loadKeychainModule } from './keychain-module.ts';

/** The operating system's store for secrets: macOS Keychain, Windows Credential Manager, Secret Service. */
export interface Keychain {
  /** Null if the keychain does not contain the key. Throws if it is not available. */
  get(keyId: string): Promise<Buffer | null>;
  /** Throws if the keychain does not store the key. */
  set(keyId: string, key: Uint8Array): Promise<void>;
  delete(keyId: string): Promise<void>;
}

const service = 'webex-token';

/** Long enough for a person to unlock the keychain. Milliseconds. */
const answerTimeoutMs = 60_000;

/** The keychain of this platform. */
export const systemKeychain: Keychain = {
  async get(keyId) {
    const entry = await entryFor(keyId);
    const text = await entry.getPassword(AbortSignal.timeout(answerTimeoutMs));
    return text === undefined || text === null ? null : Buffer.from(text, 'base64url');
  },
  async set(keyId, key) {
    const entry = await entryFor(keyId);
    await entry.setPassword(Buffer.from(key).toString('base64url'), AbortSignal.timeout(answerTimeoutMs));
  },
  async delete(keyId) {
    const entry = await entryFor(keyId);
    await entry.deletePassword(AbortSignal.timeout(answerTimeoutMs));
  },
};

async function entryFor(keyId: string) {
  const { AsyncEntry } = await loadKeychainModule();
  // By default, the library falls back to the Linux kernel's keyring, which loses everything on a restart.
  return new AsyncEntry(service, keyId, { linux: { store: 'secret-service' } });
}

/** No keychain is running, or none can be used. Other words in such a message describe the connection, not a lock or a refusal. */
const noService = /socket|autolaunch|not provided by|no such file|native module/i;

/** The keychain's own error message. */
export function keychainReason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * The error for a keychain that does not return or store a key: `E_KEYCHAIN_LOCKED` if it waits for the person,
 * `E_KEYCHAIN_REFUSED` if the person or the system denied access, `E_KEYCHAIN` if no keychain is running.
 */
export function keychainFailure(cause: unknown): BrokerError {
  const reason = keychainReason(cause);
  if (/abort|time(d )?-?out/i.test(reason)) {
    return new BrokerError('E_KEYCHAIN_LOCKED', 'The keychain did not answer within a minute.', {
      help: 'If the keychain shows a prompt, answer it, then try again. Nothing was changed.',
      cause,
    });
  }
  // The Secret Service also reports this if no desktop can show the prompt.
  if (!noService.test(reason) && /dismiss|cancel|denied|not permitted/i.test(reason)) {
    return new BrokerError(
      'E_KEYCHAIN_REFUSED',
      `Access to the keychain that holds this store's key was denied, or its prompt could not be shown (${reason}).`,
      {
        help: [
          'Try again and allow the access. On a host without a desktop session, unlock the keychain first. Nothing was changed.',
          {
            text: 'To move the key from the keychain to a key file, run this in the desktop session',
            command: ['key', 'rotate', '--to', 'file'],
          },
        ],
        cause,
      },
    );
  }
  if (!noService.test(reason) && /\b(un)?lock|interaction/i.test(reason)) {
    return new BrokerError(
      'E_KEYCHAIN_LOCKED',
      `The keychain that holds this store's key is locked (${reason}).`,
      {
        help: 'Unlock it: sign in to the desktop or answer the prompt. Then try again. Nothing was changed.',
        cause,
      },
    );
  }
  return new BrokerError(
    'E_KEYCHAIN',
    `The keychain that holds this store's key cannot be used (${reason}).`,
    {
      help: 'Start the keychain (on Linux: a Secret Service such as gnome-keyring or KWallet, in the same session), then try again. Nothing was changed, and no new key was created.',
      cause,
    },
  );
}
