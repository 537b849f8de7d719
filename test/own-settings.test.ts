import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureHomeFolder } from './support/setup/home-folder.ts';
import { removeOwnSettings } from './support/setup/own-settings.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

describe('removeOwnSettings', () => {
  it('removes variables that would change what the tests see', () => {
    const kept = { PATH: '/bin', HOME: '/home/it', TZ: 'UTC', CHROME_PATH: '/bin/chrome' };
    const environment = {
      ...{ ...kept, WEBEX_TOKEN_HOME: '/it', OKTA_CLIENT_TOKEN: 'x', PGHOST: 'db', FORCE_COLOR: '1' },
      ...{ https_proxy: 'http://proxy', NO_PROXY: '*', SSH_CONNECTION: '::1', NODE_ENV: 'production' },
      LC_ALL: '',
    };
    removeOwnSettings(environment, temporaryFolder());
    expect(environment).toEqual({ ...kept, NODE_ENV: 'test' });
  });

  it('refuses a checkout whose .env has settings', () => {
    const checkout = temporaryFolder();
    writeFileSync(join(checkout, '.env'), '# WEBEX_TOKEN_PORT=3001\n');
    expect(() => removeOwnSettings({}, checkout)).not.toThrow();
    writeFileSync(join(checkout, '.env'), 'WEBEX_TOKEN_PORT=3001\n');
    expect(() => removeOwnSettings({}, checkout)).toThrow('Move that file away');
  });
});

describe('ensureHomeFolder', () => {
  it('keeps the one of the person', () => {
    const checkout = temporaryFolder();
    const environment = { HOME: checkout, npm_config_cache: '/cache' };
    ensureHomeFolder(environment, checkout);
    expect(environment).toEqual({ HOME: checkout, npm_config_cache: '/cache' });
  });

  it.each([undefined, '', '/missing/folder'])('sets one in the checkout in place of %o', (HOME) => {
    const checkout = temporaryFolder();
    const environment = { HOME, npm_config_cache: '/missing/folder/.npm' };
    ensureHomeFolder(environment, checkout);
    expect(environment).toEqual({ HOME: join(checkout, 'node_modules/.cache/webex-token-home') });
  });
});
