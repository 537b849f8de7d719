import { type SignInOutcome, signIn } from '../../../src/simulator/webex/sign-in.ts';
import type { Running } from './cli-process.ts';

/** The link that a command prints alone on a line of standard error. */
export async function printedLink(running: Running): Promise<string> {
  const [, link = ''] = await running.stderrMatching(
    /^(http:\/\/localhost:\d+\/(?:access|sign-in)\/[\w-]+)$/m,
  );
  return link;
}

/** A minimal browser: it keeps cookies, follows links, and posts the response of Webex. */
export class BrowserByHand {
  readonly #cookies = new Map<string, string>();

  async get(url: string): Promise<Response> {
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie: this.#cookie() } });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      this.#cookies.set(name, value);
    }
    return answer;
  }

  /** Opens the one-time link and signs in to Webex. Returns the redirect address. */
  async signIn(link: string, outcome: SignInOutcome): Promise<string> {
    const authorizeUrl = (await this.get(link)).headers.get('location') ?? '';
    return await signIn(authorizeUrl, outcome);
  }

  /** Does what the script of the capture page does at that address. */
  async bringBack(redirectUrl: string): Promise<Response> {
    const { origin, pathname, search, hash } = new URL(redirectUrl);
    return await fetch(origin + pathname, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, cookie: this.#cookie() },
      body: JSON.stringify({ fragment: search + hash }),
    });
  }

  /** The same, and loads the page with the result, whose path the response has. Returns that page. */
  async openResult(redirectUrl: string): Promise<Response> {
    const { next } = (await (await this.bringBack(redirectUrl)).json()) as { next: string };
    return await this.get(new URL(next, redirectUrl).href);
  }

  #cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}
