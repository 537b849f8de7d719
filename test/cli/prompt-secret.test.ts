import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { bufferMessages, flushMessages } from '../../src/cli/terminal/output.ts';
import { newPassphrase, promptSecret } from '../../src/cli/terminal/prompt-secret.ts';
import { brokerErrorOf } from '../support/catch-error.ts';

/** A terminal in place of standard input and standard error, and what happens on it, in order. */
function terminal() {
  const events: string[] = [];
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => void events.push(raw ? 'echo off' : 'echo on'),
    ref() {},
    unref() {},
  });
  const output = { isTTY: true, write: (text: string) => void events.push(text) };
  // The line that ends a question goes to the real standard error.
  bufferMessages(() => true);
  onTestFinished(flushMessages);
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as unknown as typeof process.stdin);
  vi.spyOn(process, 'stderr', 'get').mockReturnValue(output as unknown as typeof process.stderr);
  return { events, input };
}

const long = 'six words that nobody would guess';

describe('a question for a passphrase', () => {
  it('is shown once the terminal does not echo, because a paste may follow at once', async () => {
    const { events, input } = terminal();
    const answer = promptSecret('Passphrase');
    expect(events).toEqual(['echo off', 'Passphrase: ']);
    input.write(`wrong\u007f\u007f\u007f\u007f\u007f${long}\r`);
    expect(await answer).toBe(long);
    expect(events).toEqual(['echo off', 'Passphrase: ', 'echo on']);
  });

  it('is asked twice for a new one, without an echo in between', async () => {
    const { events, input } = terminal();
    const made = newPassphrase(null, 'WEBEX_TOKEN_NEW_PASSPHRASE');
    input.write(`${long}\r`);
    await expect.poll(() => events).toContain('Repeat the passphrase: ');
    input.write(`${long}\r`);
    expect(await made).toBe(long);
    expect(events).toEqual(['echo off', 'New passphrase: ', 'Repeat the passphrase: ', 'echo on']);
  });

  it('takes two answers that were pasted together, and refuses two that differ', async () => {
    const { events, input } = terminal();
    const made = newPassphrase(null, 'WEBEX_TOKEN_NEW_PASSPHRASE');
    input.write(`${long}\n${long}\n`);
    expect(await made).toBe(long);
    const refused = brokerErrorOf(() => newPassphrase(null, 'WEBEX_TOKEN_NEW_PASSPHRASE'));
    input.write(`${long}\n${long}!\n`);
    expect((await refused).message).toContain('do not match');
    expect(events.at(-1)).toBe('echo on');
  });

  it.each([
    ['Ctrl-C', 'half an answer\u0003'],
    ['Ctrl-D on an empty line', '\u0004'],
  ])('ends with %s', async (_, typed) => {
    const { events, input } = terminal();
    const error = brokerErrorOf(() => promptSecret('Passphrase'));
    input.write(typed);
    expect(await error).toMatchObject({ code: 'E_USAGE' });
    expect(events.at(-1)).toBe('echo on');
  });
});
