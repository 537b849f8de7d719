import { expect, test } from 'vitest';
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

test('what was copied is cleared', async () => {
  const clipboard = fakeClipboard();
  const copied = await copyText(clipboard, 'fake-token-for-acme-1');
  expect(clipboard.content).toBe('fake-token-for-acme-1');
  expect(await copied.clear()).toBe(true);
  expect(clipboard.content).toBe('');
});

test('what was copied since is left alone', async () => {
  const clipboard = fakeClipboard();
  const copied = await copyText(clipboard, 'fake-token-for-acme-1');
  clipboard.content = 'a shopping list';
  expect(await copied.clear()).toBe(false);
  expect(clipboard.content).toBe('a shopping list');
});

test('no clipboard: an error that says what to do and does not hold the token, nor what holds it', async () => {
  const broken = { ...fakeClipboard(), write: (text: string) => Promise.reject(new Error(`xsel: ${text}`)) };
  const error: unknown = await copyText(broken, 'fake-token-for-acme-1').catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'E_CLIPBOARD', help: expect.stringMatching(/webex-token get/) });
  expect((error as Error).cause).toBeUndefined();
  expect(String((error as Error).stack)).not.toContain('fake-token');
});
