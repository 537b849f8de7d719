import { createHash } from 'node:crypto';
import { BrokerError } from '../errors/broker-error.ts';
import type { Clipboard } from '../process/clipboard.ts';

/** Copies a text to the clipboard. Throws `E_CLIPBOARD`, which never contains the text. */
export async function copyText(clipboard: Clipboard, text: string): Promise<CopiedText> {
  try {
    await clipboard.write(text);
  } catch {
    // Without the original error, because the output of the clipboard program may contain the text.
    throw new BrokerError('E_CLIPBOARD', 'No clipboard is available.', {
      help:
        process.platform === 'linux'
          ? [
              'It needs a desktop (DISPLAY or WAYLAND_DISPLAY), and xsel, xclip or wl-clipboard.',
              {
                text: 'Over SSH, print the token on the machine where you need it',
                command: ['get', 'NAME'],
              },
            ]
          : { text: 'In a session without a desktop, print the token instead', command: ['get', 'NAME'] },
    });
  }
  return new CopiedText(clipboard, hash(text));
}

/** What `clear` did. `cleared unread`: the clipboard could not be read, and may have held something else. */
export type Clearing = 'cleared' | 'cleared unread' | 'changed';

/** The text on the clipboard, as a hash, so that no token is in memory until the clipboard is cleared. */
export class CopiedText {
  readonly #clipboard: Clipboard;
  readonly #hash: string;

  constructor(clipboard: Clipboard, textHash: string) {
    this.#clipboard = clipboard;
    this.#hash = textHash;
  }

  /**
   * Clears the clipboard if it holds the text, or cannot be read: it may hold the text. If it holds something
   * else, it is not changed. Throws `E_CLIPBOARD` if it cannot be cleared.
   */
  async clear(): Promise<Clearing> {
    const found = await this.#clipboard.read();
    if (found !== null && hash(found) !== this.#hash) return 'changed';
    try {
      await this.#clipboard.write('');
    } catch {
      throw new BrokerError('E_CLIPBOARD', 'The clipboard was not cleared. It may still contain the token.', {
        help: 'Copy something else.',
      });
    }
    return found === null ? 'cleared unread' : 'cleared';
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
