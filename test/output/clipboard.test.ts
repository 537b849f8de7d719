import { describe, expect, it } from 'vitest';
import { copyText } from '../../src/output/clipboard.ts';
import type { Clipboard } from '../../src/process/clipboard.ts';

function fakeClipboard(): Clipboard & { content: string } {
  return {
    content: '',
    async read() {
      return this.content;
    },
    async write(text) {
      this.content = text;
    },
  };
}

describe('copyText', () => {
  it('clears what it copied', async () => {
    const clipboard = fakeClipboard();
    const copied = await copyText(clipboard, 'fake-token-for-acme-1');
    expect(clipboard.content).toBe('fake-token-for-acme-1');
    expect(await copied.clear()).toBe(true);
    expect(clipboard.content).toBe('');
  });

  it('leaves text that was copied later', async () => {
    const clipboard = fakeClipboard();
    const copied = await copyText(clipboard, 'fake-token-for-acme-1');
    clipboard.content = 'a shopping list';
    expect(await copied.clear()).toBe(false);
    expect(clipboard.content).toBe('a shopping list');
  });

  it('reports a missing clipboard with a remedy, without the token', async () => {
    const broken = {
      ...fakeClipboard(),
      write: (text: string) => Promise.reject(new Error(`xsel: ${text}`)),
    };
    const error: unknown = await copyText(broken, 'fake-token-for-acme-1').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'E_CLIPBOARD', help: expect.stringMatching(/webex-token get/) });
    expect((error as Error).cause).toBeUndefined();
    expect(String((error as Error).stack)).not.toContain('fake-token');
  });
});
