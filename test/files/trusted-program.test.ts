import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/config/settings.ts';
import { assertTrustedProgram } from '../../src/files/trusted-program.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A program in its own folder. */
function program({ mode = 0o755, folderMode = 0o755 } = {}): string {
  const folder = join(temporaryFolder(), 'hooks');
  mkdirSync(folder);
  const file = join(folder, 'after-renewal');
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, mode);
  chmodSync(folder, folderMode);
  return file;
}

describe.skipIf(process.platform === 'win32')('a trusted program', () => {
  it('is one that only its owner can change', () => {
    assertTrustedProgram(program());
    assertTrustedProgram(program({ mode: 0o500, folderMode: 0o700 }));
  });

  it.each([
    ['everyone can change', { mode: 0o757 }, /can be changed by other users \(mode 757\)/],
    ['a group can change', { mode: 0o775 }, /can be changed by other users \(mode 775\)/],
    [
      'is in a folder that everyone can change',
      { folderMode: 0o777 },
      /folder .* can be changed by every user/,
    ],
    ['is in a folder like /tmp', { folderMode: 0o1777 }, /folder .* can be changed by every user/],
    ['no one can run', { mode: 0o600 }, /not executable/],
  ])('is not one that %s', (_what, modes, message) => {
    const file = program(modes);
    expect(() => assertTrustedProgram(file)).toThrow(message);
  });

  it('is not one below a folder that everyone can change', () => {
    const open = join(temporaryFolder(), 'open');
    const inside = join(open, 'inside');
    mkdirSync(inside, { recursive: true });
    const file = join(inside, 'hook');
    writeFileSync(file, '');
    chmodSync(file, 0o700);
    chmodSync(open, 0o777);
    expect(() => assertTrustedProgram(file)).toThrow(/folder .*open can be changed/);
    // Like /tmp: other users cannot rename files that they do not own.
    chmodSync(open, 0o1777);
    assertTrustedProgram(file);
  });

  it('is checked behind a link, and so is the folder of the link', () => {
    const open = join(temporaryFolder(), 'open');
    mkdirSync(open);
    const link = join(open, 'link');
    symlinkSync(program(), link);
    assertTrustedProgram(link);
    chmodSync(open, 0o777);
    expect(() => assertTrustedProgram(link)).toThrow(/folder .*open can be changed/);
    const toLoose = join(temporaryFolder(), 'link');
    symlinkSync(program({ mode: 0o777 }), toLoose);
    expect(() => assertTrustedProgram(toLoose)).toThrow(/can be changed by other users/);
  });

  it.runIf(process.geteuid?.() === 0)('is not one below a folder of another user, who can rename it', () => {
    const theirs = join(temporaryFolder(), 'theirs');
    const inside = join(theirs, 'inside');
    mkdirSync(inside, { recursive: true });
    const file = join(inside, 'hook');
    writeFileSync(file, '', { mode: 0o700 });
    chmodSync(theirs, 0o755);
    assertTrustedProgram(file);
    chownSync(theirs, 65_534, 65_534);
    expect(() => assertTrustedProgram(file)).toThrow(/folder .*theirs belongs to another user/);
  });

  it('exists, and is a file', () => {
    const folder = temporaryFolder();
    expect(() => assertTrustedProgram(join(folder, 'none'))).toThrow(/does not exist/);
    expect(() => assertTrustedProgram(folder)).toThrow(/is not a file/);
  });
});

describe('WEBEX_TOKEN_RENEWAL_HOOK', () => {
  const read = (hook: string) => readSettings({ WEBEX_TOKEN_HOME: '/tmp/x', WEBEX_TOKEN_RENEWAL_HOOK: hook });

  it('is the absolute path of a program', () => {
    const file = program();
    expect(read(file).renewalHook).toBe(file);
    expect(readSettings({}).renewalHook).toBeNull();
  });

  it('stops the start if it is not a program, in one line with an example', async () => {
    const withArguments = `${program()} --verbose`;
    const error = await brokerErrorOf(() => read(withArguments));
    expect(error.message).toMatch(
      /^WEBEX_TOKEN_RENEWAL_HOOK: .* does not exist\. The value is the path of a program, without/,
    );
    expect(error.message).toContain('for example WEBEX_TOKEN_RENEWAL_HOOK=/etc/webex-token/after-renewal');
    expect(error.message).not.toContain('\n');
    expect(() => read(program({ mode: 0o777 }))).toThrow(/^WEBEX_TOKEN_RENEWAL_HOOK: .* can be changed/);
  });
});
