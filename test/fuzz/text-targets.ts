import assert from 'node:assert/strict';
import fc from 'fast-check';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { checkAssertion, subjectOf } from '../../src/api/client-auth/assertion.ts';
import { readCredentials } from '../../src/api/client-auth/credentials.ts';
import { OAuthError } from '../../src/api/oauth-error.ts';
import { parseForm } from '../../src/api/request/form.ts';
import { readSettings } from '../../src/config/settings.ts';
import { explainError } from '../../src/webex/sign-in/oauth-errors.ts';
import { parsePastedToken } from '../../src/webex/sign-in/parse-pasted-token.ts';
import { parseRedirect } from '../../src/webex/sign-in/redirect.ts';
import { anyText } from '../support/any-text.ts';
import { assertSilent, refusesWell, type Target } from './target.ts';

/** Not a real token, and long enough to be recognized. */
const secret = fc.stringMatching(/^[A-Za-z0-9_-]{24,80}$/).map((text) => `fake-${text}`);
const noise = anyText({ maxLength: 80 });

/** Pieces in any order, with any text in between. They cause more problems than random text. */
function pieces(...known: string[]) {
  const part = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: noise });
  return fc.array(part, { maxLength: 16 }).map((parts) => parts.join(''));
}

const around = pieces(
  'http://localhost:3000/auth/code',
  'https://',
  ...'#?&=%+;,. \n\r\t"<>[]{}()\0',
  '%00',
  '%zz',
  '%ff',
  '%26',
  'access_token=',
  'access%5ftoken=',
  'token_type=Bearer',
  '&expires_in=',
  '-1',
  '1e9',
  '9'.repeat(40),
  '&state=',
  '&state[]=',
  '&error=',
  '&error_description=',
  '&error_uri=http://x/',
  '&iss=',
  'Bearer ',
  'Authorization: Bearer ',
  '<!doctype html>',
  '__proto__=',
  'a'.repeat(2_000),
);

/** A redirect, whole or in pieces, with a token somewhere in it. */
const redirects = fc.record({
  token: secret,
  before: around,
  between: fc.constantFrom('', 'access_token=', '='),
  after: around,
});
type RedirectInput = typeof redirects extends fc.Arbitrary<infer T> ? T : never;
const textOf = ({ token, before, between, after }: RedirectInput) => before + between + token + after;

export function fragmentTarget(): Target<RedirectInput> {
  return {
    inputs: redirects,
    async check(input) {
      const redirect = await refusesWell(() => parseRedirect(textOf(input)), input.token);
      if (redirect === null) return;
      if (redirect.kind === 'error') {
        assertSilent(`${redirect.error} ${redirect.description} ${redirect.uri}`, '');
        const { message, help } = explainError(redirect.error, redirect.description);
        assertSilent(`${message} ${help}`, '');
      } else {
        assert.match(redirect.accessToken, /^[A-Za-z0-9\-._~+/]+=*$/);
        assert.ok(redirect.expiresIn === null || redirect.expiresIn > 0);
        assertSilent(redirect.warnings.join(' '), redirect.accessToken);
      }
    },
  };
}

export function importTarget(): Target<RedirectInput> {
  return {
    inputs: redirects,
    async check(input) {
      const imported = await refusesWell(() => parsePastedToken(textOf(input)), input.token);
      if (imported?.redirect.kind !== 'token') return;
      assert.match(imported.redirect.accessToken, /^[A-Za-z0-9\-._~+/]+=*$/);
      assertSilent(imported.redirect.warnings.join(' '), imported.redirect.accessToken);
    },
  };
}

const settingNames = [
  'WEBEX_TOKEN_PORT',
  'WEBEX_TOKEN_HOME',
  'WEBEX_TOKEN_DATABASE_URL',
  'WEBEX_TOKEN_PASSPHRASE',
  'WEBEX_TOKEN_CLIENT_ID',
  'WEBEX_TOKEN_SCOPES',
  'WEBEX_TOKEN_IDBROKER_URL',
  'WEBEX_TOKEN_API_F_URL',
  'WEBEX_TOKEN_ISSUER',
  'WEBEX_TOKEN_SMTP_URL',
  'WEBEX_TOKEN_MAIL_FROM',
  'WEBEX_TOKEN_MAIL_TO',
  'WEBEX_TOKEN_WEBHOOK_URL',
  'WEBEX_TOKEN_WEBHOOK_SECRET',
  'WEBEX_TOKEN_REMINDER_DAYS',
  'WEBEX_TOKEN_GRAPH_URL',
  'AZURE_TENANT_ID',
  'AZURE_CLIENT_SECRET',
  'OKTA_CLIENT_ORGURL',
  'OKTA_CLIENT_TOKEN',
  'OKTA_CLIENT_PRIVATEKEY',
];

const settingValues = pieces(
  'https://',
  'http://',
  'localhost',
  '127.0.0.1',
  '[::1]',
  'evil.example',
  'postgres://',
  'smtp://',
  'smtps://',
  'user:',
  ':5432',
  '/db',
  '?sslmode=',
  ...'@/:?#,;%= \n\0',
  'a@b.example',
  '3000',
  '-1',
  '1e3',
  '٣',
);

export function configTarget(): Target<{ secret: string; environment: Record<string, string> }> {
  return {
    inputs: secret.chain((value) =>
      fc.record({
        secret: fc.constant(value),
        environment: fc.dictionary(
          fc.constantFrom(...settingNames),
          // The address can contain a password.
          fc
            .tuple(settingValues, settingValues)
            .map(([before, after]) => `${before}${value}@${after}`)
            .chain((withSecret) => fc.constantFrom(withSecret)),
          { maxKeys: 4 },
        ),
      }),
    ),
    async check({ secret: value, environment }) {
      const settings = await refusesWell(() => readSettings(environment), value);
      if (settings === null) return;
      assert.ok(Number.isInteger(settings.port) && settings.port > 0 && settings.port < 65_536);
      for (const { idbroker, api, scim } of Object.values(settings.webex)) {
        for (const address of [idbroker, api, scim]) {
          const { protocol, hostname } = new URL(address);
          assert.ok(
            protocol === 'https:' || /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(hostname),
            address,
          );
        }
      }
    },
  };
}

const basic = fc.oneof(
  fc
    .tuple(around, around)
    .map(([name, value]) => `Basic ${Buffer.from(`${name}:${value}`).toString('base64')}`),
  pieces('Basic ', 'basic', 'Bearer ', '=', ':', 'Y2k6eA==', ' ', '\t'),
  fc.constant(undefined),
);

const forms = pieces(
  'grant_type=',
  'client_credentials',
  '&client_id=ci',
  '&client_secret=',
  '&client_assertion=',
  '&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  '&resource=https://x/',
  '&scope=',
  '&token=',
  ...'&=%+;',
  '%00',
  '%zz',
  '__proto__=1',
  'eyJhbGciOiJub25lIn0.e30.',
);

export function clientAuthenticationTarget(): Target<{ authorization: string | undefined; form: string }> {
  return {
    inputs: fc.record({ authorization: basic, form: forms }),
    check({ authorization, form }) {
      try {
        const credentials = readCredentials(authorization, parseForm(form));
        assert.ok(['secret', 'assertion', 'none'].includes(credentials.kind));
        if (credentials.kind === 'assertion') subjectOf(credentials.assertion);
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error;
        assert.ok((error.refusal.status ?? 400) < 500);
      }
    },
  };
}

/** A valid JWT, and the changes to it: in its text, or in its content before it is signed. */
interface AssertionInput {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
  cut: { part: number; at: number; replacement: string } | null;
}

export async function assertionTarget(): Promise<Target<AssertionInput>> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwks = JSON.stringify({ keys: [await exportJWK(publicKey)] });
  const now = Date.UTC(2027, 2, 1);
  const good = { iss: 'ci', sub: 'ci', aud: 'https://tokens.example', jti: 'one', exp: now / 1000 + 60 };
  const anything = fc.oneof(
    anyText(),
    fc.integer(),
    fc.double(),
    fc.constantFrom(null, true, {}, []),
    fc.constant('ci'),
  );
  const [head = '', body = '', signature = ''] = (
    await new SignJWT(good).setProtectedHeader({ alg: 'ES256' }).sign(privateKey)
  ).split('.');
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    inputs: fc.record({
      header: fc.dictionary(
        fc.constantFrom('alg', 'kid', 'typ', 'crit', 'jwk', 'jku', 'x5u', 'b64'),
        anything,
        { maxKeys: 2 },
      ),
      claims: fc.dictionary(fc.constantFrom('iss', 'sub', 'aud', 'jti', 'exp', 'nbf', 'iat'), anything, {
        maxKeys: 2,
      }),
      cut: fc.option(fc.record({ part: fc.nat(2), at: fc.nat(200), replacement: noise }), { nil: null }),
    }),
    async check({ header, claims, cut }) {
      const parts = [
        Object.keys(header).length === 0 ? head : encoded({ alg: 'ES256', ...header }),
        Object.keys(claims).length === 0 ? body : encoded({ ...good, ...claims }),
        signature,
      ];
      if (cut !== null) {
        const part = parts[cut.part] ?? '';
        parts[cut.part] = part.slice(0, cut.at) + cut.replacement + part.slice(cut.at + 1);
      }
      const jwt = parts.join('.');
      const subject = subjectOf(jwt);
      assert.ok(subject === null || typeof subject === 'string');
      const checked = await checkAssertion(jwt, 'ci', { jwks, audiences: ['https://tokens.example'], now });
      // An accepted JWT has exactly the content that was signed.
      const untouched = jwt === [head, body, signature].join('.');
      if (untouched) assert.ok(checked.ok);
      else if (checked.ok) assert.equal(parts.slice(0, 2).join('.'), [head, body].join('.'));
      if (!checked.ok) assertSilent(checked.why, '');
    },
  };
}
