import { describe, expect, it } from 'vitest';
import { dotEnvFolder } from '../../src/environment/environment.ts';
import { packageRoot } from '../../src/program-files.ts';

describe('the folder of .env', () => {
  it('is the folder of package.json in a checkout', () => {
    expect(dotEnvFolder({ HOME: '/home/ada', WEBEX_TOKEN_HOME: '/srv/tokens' }, false)).toBe(packageRoot);
  });

  it.skipIf(process.platform === 'win32')('is the data folder for an installed program', () => {
    expect(dotEnvFolder({ HOME: '/home/ada', WEBEX_TOKEN_HOME: '/srv/tokens' }, true)).toBe('/srv/tokens');
    const byDefault = dotEnvFolder({ HOME: '/home/ada', WEBEX_TOKEN_HOME: 'relative' }, true);
    expect(byDefault).toMatch(/^\/home\/ada\/.*webex-token$/);
  });
});
