import { type SessionData, Store } from 'express-session';
import { clockToleranceMs } from '../../domain/lifetimes.ts';
import {
  deleteOldWebSessions,
  deleteWebSession,
  findWebSession,
  saveWebSession,
} from '../../store/access/web-sessions.ts';
import { parseColumn } from '../../store/database/stored-json.ts';
import { isObject, isStringList } from '../../text/json-shape.ts';
import type { Vault } from '../../vault/context.ts';
import { hashSecret } from '../../vault/sign-in/secret-hashes.ts';

/** How long a session is valid after its last change. Milliseconds. */
const lifetimeMs = { authenticated: 12 * 3_600_000, signInOnly: 3_600_000 };

/** Stores sessions in the database, by the hash of the session ID. */
export class SessionStore extends Store {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    super();
    this.#vault = vault;
  }

  override get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    callBack(this.#read(id), done);
  }

  override set(id: string, session: SessionData, done: (error?: unknown) => void = () => {}): void {
    callBack(this.#write(id, session), done);
  }

  override destroy(id: string, done: (error?: unknown) => void = () => {}): void {
    callBack(deleteWebSession(this.#vault.db, hashSecret(id)), done);
  }

  async #read(id: string): Promise<SessionData | null> {
    const { db } = this.#vault;
    const now = this.#vault.now();
    // A day of tolerance, for a clock that was set back a little.
    const latestEnd = now + lifetimeMs.authenticated + clockToleranceMs;
    const data = await findWebSession(db, hashSecret(id), now, latestEnd);
    return data === null ? null : parseColumn(data, 'web_session.data', isSessionData);
  }

  async #write(id: string, session: SessionData): Promise<void> {
    const { db } = this.#vault;
    const now = this.#vault.now();
    await deleteOldWebSessions(db, now);
    const expiresAt = now + (session.authenticated ? lifetimeMs.authenticated : lifetimeMs.signInOnly);
    await saveWebSession(db, hashSecret(id), JSON.stringify(session), expiresAt);
  }
}

/** Every member but the cookie may be absent. */
function isSessionData(value: unknown): value is SessionData {
  if (!isObject(value) || !isObject(value.cookie)) return false;
  const { authenticated = false, sameUser = false, binding = '', captured = [], notice = '' } = value;
  return (
    [authenticated, sameUser].every((each) => typeof each === 'boolean') &&
    [binding, notice].every((each) => typeof each === 'string') &&
    isStringList(captured)
  );
}

function callBack<T>(result: Promise<T>, done: (error: unknown, value?: T) => void): void {
  result.then(
    (value) => done(null, value),
    (error: unknown) => done(error),
  );
}
