import { type SignInOutcome, signIn } from '../../../src/simulator/webex/sign-in.ts';
import type { Running } from './cli-process.ts';

/** The link that a command printed: alone on its line, on standard error. */
export async function printedLink(running: Running): Promise<string> {
  const [, link = ''] = await running.stderrMatching(
    /^(http:\/\/localhost:\d+\/(?:access|sign-in)\/[\w-]+)$/m,
  );
  return link;
}

/** What a browser keeps of our pages: enough to follow links, and to bring an answer of Webex back. */
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

  /** Opens the one-time link of a sign-in, and does at Webex what a person does. The address it comes back to. */
  async signIn(link: string, outcome: SignInOutcome): Promise<string> {
    const authorizeUrl = (await this.get(link)).headers.get('location') ?? '';
    return await signIn(authorizeUrl, outcome);
  }

  /** Does what the capture page's script does at that address. */
  async bringBack(redirectUrl: string): Promise<Response> {
    const { origin, pathname, search, hash } = new URL(redirectUrl);
    return await fetch(origin + pathname, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, cookie: this.#cookie() },
      body: JSON.stringify({ fragment: search + hash }),
    });
  }

  #cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}
