import type { RequestHandler } from 'express';
import { readToken } from '../../vault/tokens/read-token.ts';
import { actorOf, type WebContext } from '../context.ts';

/**
 * `POST /profiles/:name/token`: opens the token, to be looked at or, as JSON, for a copy button. The audit log says so
 * before it leaves. No address shows it: loading the page again asks again, and so does the log.
 */
export function revealToken({ vault, render }: WebContext): RequestHandler<{ name: string }> {
  return async (request, response) => {
    const { name } = request.params;
    const { accessToken } = await readToken(vault, name, actorOf(request));
    if (request.accepts(['html', 'json']) === 'json') {
      response.json({ access_token: accessToken });
      return;
    }
    render(
      request,
      response,
      'reveal-token',
      { profile: name, accessToken },
      { title: `The token of ${name}`, script: 'auto-hide-secret' },
    );
  };
}
