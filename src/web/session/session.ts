import type { Request, RequestHandler } from 'express';
import expressSession from 'express-session';
import { getOrCreateMeta } from '../../store/meta/meta.ts';
import type { Vault } from '../../vault/context.ts';
import { newSecret } from '../../vault/sign-in/secret-hashes.ts';
import { unauthenticated } from '../errors/unauthenticated.ts';
import { isOtherUser } from '../middleware/socket-owner.ts';
import { SessionStore } from './session-store.ts';
import { keepSignedCookies } from './signed-cookie.ts';

declare module 'express-session' {
  interface SessionData {
    /** Whether a one-time access link opened the session. If not, it can only finish its own sign-in. */
    authenticated: boolean;
    /** Whether the user who runs the server opened the link. If so, programs of other users cannot use the session. */
    sameUser: boolean;
    /** Binds the sign-ins that this browser starts to it. */
    binding: string;
    /** The IDs of the tokens that this browser captured, newest last. */
    captured: string[];
    /** The tests of several tokens that this browser started last. `startedAt`: epoch milliseconds. */
    tests: { profiles: string[]; startedAt: number };
    /** The CSV file that this browser uploaded last and has not imported yet. */
    csvImport: string;
    /** Shown once, on the next page. */
    notice: string;
  }
}

/**
 * The browser session. The cookie is not `Secure`, because Safari rejects such cookies on http://localhost. Its name has
 * the port, because all ports of a host share their cookies.
 */
export function webSession(vault: Vault): RequestHandler {
  let ready: Promise<RequestHandler> | undefined;
  return (request, response, next) => {
    ready ??= createSession(vault);
    ready.then(
      (handler) => handler(request, response, next),
      (error: unknown) => {
        ready = undefined;
        next(error);
      },
    );
  };
}

async function createSession(vault: Vault): Promise<RequestHandler> {
  // The key may be in the database: the security depends on the session ID, which is 256 random bits and stored as a hash.
  const secret = await getOrCreateMeta(vault.db, 'session-cookie-key', newSecret);
  const name = sessionCookieName(vault);
  const session = expressSession({
    name,
    secret,
    genid: newSecret,
    store: new SessionStore(vault),
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'strict', secure: false, path: '/' },
  });
  return (request, response, next) => {
    const { cookie } = request.headers;
    if (cookie !== undefined) request.headers.cookie = keepSignedCookies(cookie, name, secret);
    session(request, response, (error?: unknown) => {
      // Browsers send the cookie to every port of localhost, also to servers of other users, which could reuse it.
      if (error === undefined && request.session.sameUser === true && isOtherUser(request.socket)) {
        // Without the session, the error page reveals nothing about it.
        Reflect.deleteProperty(request, 'session');
        next(unauthenticated(request));
      } else next(error);
    });
  };
}

export function sessionCookieName(vault: Vault): string {
  return `broker-${vault.settings.port}`;
}

/** Authenticates the session under a new ID. The sign-ins that were started in it stay bound to it. */
export async function authenticateSession(request: Pick<Request, 'session' | 'socket'>): Promise<void> {
  const { binding, captured } = request.session;
  await new Promise<void>((resolve, reject) => {
    request.session.regenerate((error: unknown) => (error ? reject(error) : resolve()));
  });
  request.session.authenticated = true;
  request.session.sameUser = !isOtherUser(request.socket);
  request.session.binding = binding ?? newSecret();
  if (captured !== undefined) request.session.captured = captured;
  await saveSession(request);
}

/** Waits until the session is stored, if the next request depends on it. */
export async function saveSession(request: Pick<Request, 'session'>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request.session.save((error: unknown) => (error ? reject(error) : resolve()));
  });
}
