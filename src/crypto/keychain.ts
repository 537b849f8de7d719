import { BrokerError } from '../errors/broker-error.ts';

/** The operating system's own store of secrets: macOS Keychain, Windows Credential Manager, Secret Service. */
export interface Keychain {
  /** Null where it holds no such key. Throws where it cannot be asked. */
  get(keyId: string): Promise<Buffer | null>;
  /** Throws where it does not take the key. */
  set(keyId: string, key: Uint8Array): Promise<void>;
  delete(keyId: string): Promise<void>;
}

const service = 'webex-token';

/** A desktop may ask the person to unlock it, so it gets a while to answer. Milliseconds. */
const answerTimeoutMs = 60_000;

/** The keychain of the platform that this runs on. */
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
  const { AsyncEntry } = await import('@napi-rs/keyring');
  // Left to itself, it would fall back to the Linux kernel's keyring, which forgets everything on a restart.
  return new AsyncEntry(service, keyId, { linux: { store: 'secret-service' } });
}

/** Nobody answers at all: what else such a message says is about the way there. */
const noService = /socket|autolaunch|not provided by|no such file/i;

/** What the keychain itself says went wrong. */
export function keychainReason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * The error for a keychain that does not give or take a key: `E_KEYCHAIN_LOCKED` where there is one that waits for the
 * person, `E_KEYCHAIN_REFUSED` where they or the system said no, `E_KEYCHAIN` where there is none that answers.
 */
export function keychainFailure(cause: unknown): BrokerError {
  const reason = keychainReason(cause);
  if (/abort|time(d )?-?out/i.test(reason)) {
    return new BrokerError('E_KEYCHAIN_LOCKED', 'The keychain did not answer within a minute.', {
      help: 'Does it show a prompt that waits for you? Answer it, then try again. Nothing was changed.',
      cause,
    });
  }
  // Secret Service says so too where there is no desktop that could show the prompt.
  if (!noService.test(reason) && /dismiss|cancel|denied|not permitted/i.test(reason)) {
    return new BrokerError(
      'E_KEYCHAIN_REFUSED',
      `Access to the keychain that keeps this store's key was refused, or its prompt could not be shown (${reason}).`,
      {
        help: 'Try again, and allow it. Where nobody sits at the screen, unlock it first, or keep the key in a file or passphrase: "webex-token key rotate --to file", from the desktop. Nothing was changed.',
        cause,
      },
    );
  }
  if (!noService.test(reason) && /\b(un)?lock|interaction/i.test(reason)) {
    return new BrokerError(
      'E_KEYCHAIN_LOCKED',
      `The keychain that keeps this store's key is locked (${reason}).`,
      {
        help: 'Unlock it (sign in to the desktop, or answer its prompt), then try again. Nothing was changed.',
        cause,
      },
    );
  }
  return new BrokerError(
    'E_KEYCHAIN',
    `The keychain that holds this store's key does not answer (${reason}).`,
    {
      help: 'Start it (on Linux: a Secret Service such as gnome-keyring or KWallet, in the same session), then try again. Nothing was changed, and no new key was made.',
      cause,
    },
  );
}
