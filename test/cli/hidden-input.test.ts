import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readHiddenInput } from '../../src/cli/terminal/hidden-input.ts';
import { brokerErrorOf } from '../support/catch-error.ts';

/** A terminal's input, which remembers whether it was told to show nothing. */
function terminal() {
  const modes: boolean[] = [];
  const setRawMode = (raw: boolean) => void modes.push(raw);
  return { modes, input: Object.assign(new PassThrough(), { isTTY: true, setRawMode }) };
}

describe('a line from a terminal', () => {
  test('ends at Enter, and nothing of it is shown: the terminal’s own echo is off while it is read', async () => {
    const { input, modes } = terminal();
    const line = readHiddenInput(input);
    expect(modes).toEqual([true]);
    input.write('fake-token-for-acme-1\r');
    expect(await line).toBe('fake-token-for-acme-1');
    expect(modes).toEqual([true, false]);
  });

  test('may be longer than what terminals take in one line', async () => {
    const { input } = terminal();
    const line = readHiddenInput(input);
    input.write(`${'x'.repeat(20_000)}\r`);
    expect(await line).toHaveLength(20_000);
  });

  test('a paste of several lines is taken whole', async () => {
    const { input } = terminal();
    const line = readHiddenInput(input);
    input.write('http://localhost:3000/auth/code#access_\rtoken=fake-\rtoken');
    expect(await line).toBe('http://localhost:3000/auth/code#access_\ntoken=fake-\ntoken');
  });

  test('Ctrl-C stops, Ctrl-D gives nothing', async () => {
    const stopped = terminal();
    const error = brokerErrorOf(() => readHiddenInput(stopped.input));
    stopped.input.write('\u0003');
    expect(await error).toMatchObject({ code: 'E_INTERRUPTED' });
    expect(stopped.modes.at(-1)).toBe(false);
    const ended = terminal();
    const line = readHiddenInput(ended.input);
    ended.input.write('\u0004');
    expect(await line).toBe('');
  });
});
