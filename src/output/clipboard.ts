import { createHash } from 'node:crypto';
import { BrokerError } from '../errors/broker-error.ts';
import type { Clipboard } from '../process/clipboard.ts';

/** Puts a text on the clipboard. Throws `E_CLIPBOARD`, which never holds the text. */
export async function copyText(clipboard: Clipboard, text: string): Promise<CopiedText> {
  try {
    await clipboard.write(text);
  } catch {
    // What the clipboard's program said is left out: it was given the text.
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

/** What was put on the clipboard, by its hash alone: the wait until it is cleared holds no token. */
export class CopiedText {
  readonly #clipboard: Clipboard;
  readonly #hash: string;

  constructor(clipboard: Clipboard, textHash: string) {
    this.#clipboard = clipboard;
    this.#hash = textHash;
  }

  /** Clears the clipboard where it still holds the text. False if it held something else, which is left alone. */
  async clear(): Promise<boolean> {
    if (hash(await this.#clipboard.read()) !== this.#hash) return false;
    await this.#clipboard.write('');
    return true;
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
