import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/config/settings.ts';
import { hasName } from '../../src/environment/os-user.ts';
import { parsePastedToken } from '../../src/webex/sign-in/parse-pasted-token.ts';
import { runTarget } from './run-target.ts';
import { targets } from './targets.ts';

/** A few inputs for each target, always the same ones. `npm run fuzz` makes many others. */
const runs: Record<string, number> = {
  host: 150,
  origin: 150,
  cookies: 80,
  'token-endpoint': 80,
  'neighbors-sqlite': 200,
  'neighbors-postgres': 100,
  backup: 80,
  csv: 200,
};

/** PostgreSQL does not run as a user without a name. */
const possible = Object.entries(targets).filter(([name]) => hasName() || name !== 'neighbors-postgres');

describe('the parsers', () => {
  it.each(possible)('survive any input: %s', async (name, open) => {
    const result = await runTarget(open, { seed: 20_270_301, runs: runs[name] ?? 500 });
    expect(result.failure).toBeNull();
    expect(result.runs).toBe(runs[name] ?? 500);
  });

  /* Inputs that long runs have found. */
  it('do not report a part of a database password as a parameter', () => {
    const address = 'postgres://user:12?fake-secret-of-the-password@db.example/webex';
    expect(() => readSettings({ WEBEX_TOKEN_DATABASE_URL: address })).toThrow(
      /^WEBEX_TOKEN_DATABASE_URL: (?!.*secret-of).*%3F/,
    );
  });

  it('do not repeat a token that is followed by the token type without a separator', () => {
    const token = 'fake-aa0__00___0a-_a0AA0A0-a0';
    expect(() =>
      parsePastedToken(`http://localhost:3000/auth/code#access_token=x&token_type=Bearer${token}`),
    ).toThrow(/^(?!.*fake-)The response has another token type/);
  });
});
