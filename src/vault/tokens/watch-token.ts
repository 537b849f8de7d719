import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../config/settings.ts';
import type { Db } from '../../store/db.ts';
import { type CurrentTokenState, currentTokenState } from '../../store/profiles/current-token.ts';
import { openStore } from '../../store/store.ts';
import { storeLocation } from '../store-location.ts';

/** What happened to the current token of a profile. */
export type TokenEvent =
  /** The profile has another current token. */
  | { kind: 'new-token'; profile: string; tokenId: string }
  /** The token expired, Webex rejects it, or it or its profile was removed. Reported once for each token. */
  | { kind: 'expired' | 'rejected' | 'no-token' | 'removed'; profile: string }
  /** The store cannot be read. It is tried again. Reported once until it can be read. */
  | { kind: 'unreachable'; error: unknown }
  | { kind: 'reachable' };

/** The token that the caller already has. */
export interface KnownToken {
  profileId: string;
  profile: string;
  tokenId: string;
}

export interface WatchOptions {
  signal: AbortSignal;
  now?: () => number;
  /** How often to query the store. Milliseconds. */
  everyMs?: number;
}

/** How often to query the store by default. Milliseconds. */
const everyMs = 2_000;

/** The maximum pause while the store cannot be read. Milliseconds. */
const longestPauseMs = 30_000;

/**
 * Watches the current token of a profile until `signal` is aborted. Runs one indexed query at a time, decrypts nothing and needs
 * no key. Keeps watching if the profile is renamed, or removed and added again, and if the database file is replaced.
 */
export async function* watchToken(
  settings: Settings,
  start: KnownToken,
  { signal, now = Date.now, everyMs: interval = everyMs }: WatchOptions,
): AsyncGenerator<TokenEvent> {
  const store = new WatchedStore(settings);
  let known = { profileId: start.profileId, profile: start.profile, tokenId: start.tokenId as string | null };
  let reported: TokenEvent['kind'] | null = null;
  let failures = 0;
  try {
    for (;;) {
      const pauseMs = Math.min(interval * 2 ** failures, Math.max(interval, longestPauseMs));
      try {
        await sleep(pauseMs, undefined, { signal });
      } catch {
        return;
      }
      let state: CurrentTokenState | null;
      try {
        const db = await store.open();
        // A removed profile may be added again under the same name.
        state =
          (await currentTokenState(db, { profileId: known.profileId })) ??
          (await currentTokenState(db, { name: known.profile }));
      } catch (error) {
        await store.close();
        failures += 1;
        if (failures === 1) yield { kind: 'unreachable', error };
        continue;
      }
      if (failures > 0) yield { kind: 'reachable' };
      failures = 0;
      if (state !== null) known = { ...known, profileId: state.profileId, profile: state.profile };
      if (state !== null && state.tokenId !== null && state.tokenId !== known.tokenId) {
        known.tokenId = state.tokenId;
        reported = null;
        yield { kind: 'new-token', profile: state.profile, tokenId: state.tokenId };
        continue;
      }
      const trouble = problemOf(state, now());
      if (trouble !== null && trouble !== reported) yield { kind: trouble, profile: known.profile };
      reported = trouble;
    }
  } finally {
    await store.close();
  }
}

function problemOf(
  state: CurrentTokenState | null,
  now: number,
): 'expired' | 'rejected' | 'no-token' | 'removed' | null {
  if (state === null) return 'removed';
  if (state.tokenId === null) return 'no-token';
  if (state.rejectedAt !== null) return 'rejected';
  return state.expiresAt !== null && state.expiresAt <= now ? 'expired' : null;
}

/** A connection to the store, opened again if `restore` replaced the database file. */
class WatchedStore {
  readonly #settings: Settings;
  #db: Db | null = null;
  #file = '';

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  async open(): Promise<Db> {
    const place = storeLocation(this.#settings);
    const file = this.#settings.databaseUrl === null ? identityOf(place) : '';
    if (this.#db !== null && file !== this.#file) await this.close();
    this.#db ??= await openStore(place);
    this.#file = file;
    return this.#db;
  }

  async close(): Promise<void> {
    await this.#db?.destroy();
    this.#db = null;
  }
}

/** Throws if the file does not exist, because it must not be created. */
function identityOf(file: string): string {
  const { dev, ino } = statSync(file);
  return `${dev} ${ino}`;
}
