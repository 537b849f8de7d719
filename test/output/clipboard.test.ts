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
    expect(await copied.clear()).toBe('cleared');
    expect(clipboard.content).toBe('');
  });

  it('leaves text that was copied later', async () => {
    const clipboard = fakeClipboard();
    const copied = await copyText(clipboard, 'fake-token-for-acme-1');
    clipboard.content = 'a shopping list';
    expect(await copied.clear()).toBe('changed');
    expect(clipboard.content).toBe('a shopping list');
    clipboard.content = '';
    expect(await copied.clear()).toBe('changed');
  });

  it('clears a clipboard that cannot be read, which may still hold the text', async () => {
    const clipboard = fakeClipboard();
    const copied = await copyText(clipboard, 'fake-token-for-acme-1');
    clipboard.read = async () => null;
    expect(await copied.clear()).toBe('cleared unread');
    expect(clipboard.content).toBe('');
  });

  it('says that a clipboard which cannot be cleared may still hold the token', async () => {
    const clipboard = fakeClipboard();
    const copied = await copyText(clipboard, 'fake-token-for-acme-1');
    clipboard.write = () => Promise.reject(new Error('no clipboard program worked'));
    await expect(copied.clear()).rejects.toMatchObject({
      code: 'E_CLIPBOARD',
      message: expect.stringContaining('may still contain the token'),
    });
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
