import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { currentDesktop, type Desktop, desktopChannel } from '../../src/reminders/channels/desktop.ts';
import { sampleMessage } from '../support/reminders/sample-message.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Call {
  file: string;
  args: string[];
  environment: Record<string, string> | undefined;
}

function desktop(
  platform: NodeJS.Platform,
  environment: NodeJS.ProcessEnv = {},
): Desktop & { calls: Call[] } {
  const calls: Call[] = [];
  return {
    platform,
    environment,
    calls,
    run: async (file, args, more) => {
      calls.push({ file, args, environment: more });
      return { code: 0, failure: null };
    },
  };
}

const evil = sampleMessage({ name: 'acme' });
evil.subject = '"; rm -rf ~; $(id) `id` \' -e <b>';

function withNotifySend(): string {
  const folder = temporaryFolder();
  const file = join(folder, 'notify-send');
  writeFileSync(file, '#!/bin/sh\nprintf "%s\\n" "$@" > "$OUT"\n');
  chmodSync(file, 0o755);
  return folder;
}

describe('the desktop channel', () => {
  it('uses notify-send on Linux, if there are a display and the program', async () => {
    const folder = withNotifySend();
    expect(desktopChannel(desktop('linux', { PATH: folder }))).toBeNull();
    expect(desktopChannel(desktop('linux', { DISPLAY: ':0', PATH: '/nowhere' }))).toBeNull();
    const linux = desktop('linux', { DISPLAY: ':0', PATH: folder });
    await desktopChannel(linux)?.deliver(evil);
    expect(linux.calls[0]?.file).toBe('notify-send');
    expect(linux.calls[0]?.args.slice(2, 4)).toEqual(['--', evil.subject]);
  });

  it('passes the texts unchanged, without a shell', async () => {
    const folder = withNotifySend();
    const out = join(folder, 'out');
    await currentDesktop.run(join(folder, 'notify-send'), ['--', evil.subject], { OUT: out });
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(out, 'utf8')).toBe(`--\n${evil.subject}\n`);
  });

  it('passes the texts as arguments of a fixed script on macOS', async () => {
    const mac = desktop('darwin');
    await desktopChannel(mac)?.deliver(evil);
    const [call] = mac.calls;
    expect(call?.file).toBe('osascript');
    expect(call?.args.filter((_, at) => call.args[at - 1] === '-e').join('\n')).toBe(
      'on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run',
    );
    expect(call?.args.at(-2)).toBe(evil.subject);
  });

  it('passes the texts in the environment of a fixed script on Windows', async () => {
    const windows = desktop('win32');
    await desktopChannel(windows)?.deliver(evil);
    const [call] = windows.calls;
    expect(call?.args.join(' ')).not.toContain('rm -rf');
    expect(call?.environment?.WEBEX_TOKEN_TOAST_TITLE).toBe(evil.subject);
  });

  it('fails if the program fails', async () => {
    const linux = desktop('linux', { DISPLAY: ':0', PATH: withNotifySend() });
    const failing = { ...linux, run: async () => ({ code: 1, failure: null }) };
    await expect(desktopChannel(failing)?.deliver(evil)).rejects.toThrow('notify-send exited with 1');
  });
});
