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
    /** Came in by a one-time link of the web app. Without it, a session can do no more than finish its own sign-in. */
    authenticated: boolean;
    /** It came in from this user's own browser: no other user's programs may use it. */
    sameUser: boolean;
    /** Ties the sign-ins that begin in this browser to it. */
    binding: string;
    /** The tokens that this browser brought, newest last. */
    captured: string[];
    /** Said once, on the next page. */
    notice: string;
  }
}

/**
 * The browser session. No `Secure`: Safari refuses such cookies on http://localhost. The port is in the cookie's name,
 * for cookies are shared by all ports of a host.
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
  // Not what keeps others out (a session's ID is 256 random bits, and known by its hash), so that it may lie in the store.
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
      // Browsers send the cookie to every port of localhost, and so to whatever another user listens with.
      if (error === undefined && request.session.sameUser === true && isOtherUser(request.socket)) {
        // Nor does the page that says so tell whose it is.
        Reflect.deleteProperty(request, 'session');
        next(unauthenticated());
      } else next(error);
    });
  };
}

export function sessionCookieName(vault: Vault): string {
  return `broker-${vault.settings.port}`;
}

/** Gives the browser a new session ID and lets it in. A sign-in that is under way in it stays its own. */
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

/** Waits until the session is stored, where the next request must find it. */
export async function saveSession(request: Pick<Request, 'session'>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request.session.save((error: unknown) => (error ? reject(error) : resolve()));
  });
}
