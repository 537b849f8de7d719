import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readInputLine } from '../../src/cli/terminal/terminal.ts';

describe('readInputLine', () => {
  it('takes time in proportion to the length of the line', async () => {
    const input = Readable.from(Array.from({ length: 200_000 }, () => Buffer.from('a')));
    const stdin = vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as typeof process.stdin);
    onTestFinished(() => stdin.mockRestore());
    const { user } = process.threadCpuUsage();
    expect(await readInputLine(new AbortController().signal)).toHaveLength(200_000);
    // Microseconds. Searching the whole line again at each character would take minutes.
    expect(process.threadCpuUsage().user - user).toBeLessThan(5_000_000);
  });
});
