import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultHome } from '../../src/environment/environment.ts';
import { homeFolder, userName } from '../../src/environment/os-user.ts';

describe.runIf(process.platform === 'linux')('the home folder', () => {
  const system = userInfo().homedir;

  it.each([{}, { HOME: '' }, { HOME: '.' }, { HOME: './x' }, { HOME: 'x' }, { HOME: '~' }])(
    'is the system’s where HOME is no absolute path: %o',
    (environment) => {
      expect(homeFolder(environment)).toBe(system);
      expect(defaultHome(environment)).toBe(join(system, '.local/share/webex-token'));
    },
  );

  it('is HOME, and the data folder follows XDG_DATA_HOME where it is absolute', () => {
    expect(homeFolder({ HOME: '/home/it' })).toBe('/home/it');
    expect(defaultHome({ HOME: '/home/it' })).toBe('/home/it/.local/share/webex-token');
    expect(defaultHome({ HOME: '/home/it', XDG_DATA_HOME: '/data' })).toBe('/data/webex-token');
    expect(defaultHome({ HOME: '/home/it', XDG_DATA_HOME: 'data' })).toBe(
      '/home/it/.local/share/webex-token',
    );
  });
});

it('the user has a name, or a number', () => {
  expect(userName()).toBe(userInfo().username);
});
