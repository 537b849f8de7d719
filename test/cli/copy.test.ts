import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { machineWithToken, token } from '../support/cli/stored-token.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const hasDesktop = (() => {
  try {
    execFileSync('sh', ['-c', 'command -v Xvfb && command -v xsel'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** An X server without a screen, with its clipboard. */
async function desktop() {
  const server = spawn('Xvfb', ['-displayfd', '1', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(server, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  onTestFinished(async () => {
    server.kill();
    await ended;
  });
  const failed = ended.then(([code, signal]) => {
    throw new Error(`Xvfb ended at its start: ${code ?? signal}`);
  });
  // At the end of the test, it ends too.
  failed.catch(() => {});
  const [number] = (await Promise.race([once(server.stdout, 'data'), failed])) as [Buffer];
  const DISPLAY = `:${number.toString().trim()}`;
  const env = { ...process.env, DISPLAY };
  // To be polled: xsel waits forever if its request is lost, now and then while another process takes the clipboard.
  const content = async () => {
    const reading = promisify(execFile)('xsel', ['--clipboard', '--output'], { env, timeout: 3_000 });
    return (await reading.catch(() => null))?.stdout;
  };
  const put = async (text: string) => {
    const input = spawn('xsel', ['--clipboard', '--input'], { env, stdio: ['pipe', 'ignore', 'ignore'] });
    input.stdin.end(text);
    expect(await once(input, 'exit')).toEqual([0, null]);
    // The process that it leaves behind takes the clipboard a moment later.
    await expect.poll(content).toBe(text);
  };
  return { DISPLAY, content, put };
}

const onDesktop = it.runIf(hasDesktop);

/** Longer than a test takes: the command clears the clipboard only when it is interrupted. */
const notByItself = ['--clear-after', '600'];

onDesktop('copy: on the clipboard, not on the output, and off again after Ctrl-C', async () => {
  const { DISPLAY, content } = await desktop();
  const here = await machineWithToken({ DISPLAY });
  const running = here.start(['copy', 'acme', ...notByItself]);
  await running.stderrMatching(/Copied the token/);
  await expect.poll(content).toBe(token);
  running.kill('SIGINT');
  expect(await running.finished).toMatchObject({ code: 0, stdout: '' });
  await expect.poll(content).toBe('');
});

onDesktop('copy: what is copied meanwhile stays', async () => {
  const { DISPLAY, content, put: copyElse } = await desktop();
  const here = await machineWithToken({ DISPLAY });
  const running = here.start(['copy', 'acme', ...notByItself]);
  await running.stderrMatching(/Copied the token/);
  await copyElse('a shopping list');
  running.kill('SIGINT');
  expect((await running.finished).stderr).toContain('its content has changed');
  await expect.poll(content).toBe('a shopping list');
});

/** A folder with an `xsel` that keeps the clipboard in a file. It clears it only once another file exists. */
function slowClipboard() {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  writeFileSync(
    at('xsel'),
    `#!/bin/sh
cd '${folder}'
if [ "$2" = --output ]; then cat content; exit; fi
cat > new
if [ ! -s new ]; then touch clearing; while [ ! -e may-clear ]; do sleep 0.02; done; fi
mv new content
`,
    { mode: 0o700 },
  );
  return {
    folder,
    isClearing: () => existsSync(at('clearing')),
    mayClear: () => writeFileSync(at('may-clear'), ''),
    content: () => readFileSync(at('content'), 'utf8'),
  };
}

describe('webex-token copy', () => {
  it.runIf(process.platform === 'linux')('clears the clipboard in spite of a second Ctrl-C', async () => {
    const { folder, isClearing, mayClear, content } = slowClipboard();
    const here = await machineWithToken({ DISPLAY: ':0', PATH: `${folder}:${process.env.PATH}` });
    const running = here.spawn(['copy', 'acme']);
    await running.stderrMatching(/Copied the token/);
    expect(content()).toBe(token);
    running.kill('SIGINT');
    await expect.poll(isClearing).toBe(true);
    running.kill('SIGINT');
    mayClear();
    expect(await running.finished).toMatchObject({ code: 0 });
    expect(content()).toBe('');
  });

  it.runIf(process.platform === 'linux')('clears the clipboard after the time', async () => {
    const { folder, mayClear, content } = slowClipboard();
    mayClear();
    const here = await machineWithToken({ DISPLAY: ':0', PATH: `${folder}:${process.env.PATH}` });
    const { code, stderr } = await here.spawn(['copy', 'acme', '--clear-after', '1']).finished;
    // It reports that only if the clipboard still held the token.
    expect(stderr).toContain('Clipboard cleared');
    expect(code).toBe(0);
    expect(content()).toBe('');
  });

  it('reports a missing clipboard, and does not print the token', async () => {
    const here = await machineWithToken();
    const ended = await here.run(['copy', 'acme']);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/No clipboard/);
    expect(ended.stderr).not.toContain(token);
  });
});
