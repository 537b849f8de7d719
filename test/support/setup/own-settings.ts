import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** The variables that this program, its libraries and the browsers of the tests read. */
const settings =
  /^(WEBEX_TOKEN_|AZURE_|OKTA_|PG|SSH_)|_PROXY$|^(NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|FORCE_COLOR|NO_COLOR|BROWSER)$/i;

/**
 * Removes the settings of the person who runs the tests from the environment: the tests have their own, and must not reach
 * that person's store or mail server. Throws if the checkout has a `.env` with settings, which every program of it reads.
 */
export function removeOwnSettings(environment: NodeJS.ProcessEnv, checkout: string): void {
  const dotEnv = join(checkout, '.env');
  if (existsSync(dotEnv) && Object.keys(parseEnv(readFileSync(dotEnv, 'utf8'))).length > 0) {
    throw new Error(
      `The tests would use the settings in ${dotEnv}. Move that file away, and run them again.`,
    );
  }
  for (const name of Object.keys(environment).filter((each) => settings.test(each))) delete environment[name];
  // Empty is the same as not set, but Chromium's pages crash.
  if (environment.LC_ALL === '') delete environment.LC_ALL;
  environment.NODE_ENV = 'test';
}
