import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultHome } from '../../src/environment/environment.ts';
import { hasName, homeFolder, userName } from '../../src/environment/os-user.ts';

/** Null if the user of the tests has only a number. */
function ofSystem(): { username: string; homedir: string } | null {
  try {
    return userInfo();
  } catch {
    return null;
  }
}

describe.runIf(process.platform === 'linux' && hasName())('homeFolder', () => {
  const system = ofSystem()?.homedir ?? '';

  it.each([{}, { HOME: '' }, { HOME: '.' }, { HOME: './x' }, { HOME: 'x' }, { HOME: '~' }])(
    'comes from the system if HOME is not an absolute path: %o',
    (environment) => {
      expect(homeFolder(environment)).toBe(system);
      expect(defaultHome(environment)).toBe(join(system, '.local/share/webex-token'));
    },
  );

  it('is HOME, and the data folder is below XDG_DATA_HOME if that is absolute', () => {
    expect(homeFolder({ HOME: '/home/it' })).toBe('/home/it');
    expect(defaultHome({ HOME: '/home/it' })).toBe('/home/it/.local/share/webex-token');
    expect(defaultHome({ HOME: '/home/it', XDG_DATA_HOME: '/data' })).toBe('/data/webex-token');
    expect(defaultHome({ HOME: '/home/it', XDG_DATA_HOME: 'data' })).toBe(
      '/home/it/.local/share/webex-token',
    );
  });
});

describe('userName', () => {
  it('is the name of the user, or the number', () => {
    expect(userName()).toBe(ofSystem()?.username ?? `uid ${process.getuid?.()}`);
    expect(hasName()).toBe(ofSystem() !== null);
  });
});
