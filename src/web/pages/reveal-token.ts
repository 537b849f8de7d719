import type { RequestHandler } from 'express';
import { profileTitle } from '../../domain/profile.ts';
import { readToken } from '../../vault/tokens/read-token.ts';
import { actorOf, type WebContext } from '../context.ts';

/**
 * `POST /profiles/:name/token`: decrypts the token for the page or, as JSON, for a copy button. The audit row is durable
 * before the token is sent. No URL shows the token: reloading the page posts again and adds another audit row.
 */
export function revealToken({ vault, render }: WebContext): RequestHandler<{ name: string }> {
  return async (request, response) => {
    const { name } = request.params;
    const { accessToken, profile } = await readToken(vault, name, actorOf(request));
    if (request.accepts(['html', 'json']) === 'json') {
      response.json({ access_token: accessToken });
      return;
    }
    render(
      request,
      response,
      'reveal-token',
      { profile: name, organization: profileTitle(profile), accessToken },
      { title: `Token for ${profileTitle(profile)}`, script: 'auto-hide-secret' },
    );
  };
}
