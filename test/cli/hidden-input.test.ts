import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readHiddenInput } from '../../src/cli/terminal/hidden-input.ts';
import { brokerErrorOf } from '../support/catch-error.ts';

/** The input of a terminal. It records whether its echo was turned off. */
function terminal() {
  const modes: boolean[] = [];
  const setRawMode = (raw: boolean) => void modes.push(raw);
  return { modes, input: Object.assign(new PassThrough(), { isTTY: true, setRawMode }) };
}

describe('a line from a terminal', () => {
  test('ends at Enter, and is not shown: the terminal does not echo while it is read', async () => {
    const { input, modes } = terminal();
    const line = readHiddenInput(input);
    expect(modes).toEqual([true]);
    input.write('fake-token-for-acme-1\r');
    expect(await line).toBe('fake-token-for-acme-1');
    expect(modes).toEqual([true, false]);
  });

  test('can be longer than the line buffer of a terminal', async () => {
    const { input } = terminal();
    const line = readHiddenInput(input);
    input.write(`${'x'.repeat(20_000)}\r`);
    expect(await line).toHaveLength(20_000);
  });

  test('reads a paste of several lines whole', async () => {
    const { input } = terminal();
    const line = readHiddenInput(input);
    input.write('http://localhost:3000/auth/code#access_\rtoken=fake-\rtoken');
    expect(await line).toBe('http://localhost:3000/auth/code#access_\ntoken=fake-\ntoken');
  });

  test('stops at Ctrl-C, and is empty at Ctrl-D', async () => {
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
