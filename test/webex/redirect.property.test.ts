import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../src/errors/broker-error.ts';
import { explainError } from '../../src/webex/sign-in/oauth-errors.ts';
import { parsePastedToken } from '../../src/webex/sign-in/parse-pasted-token.ts';
import { parseRedirect } from '../../src/webex/sign-in/redirect.ts';
import { anyText } from '../support/any-text.ts';
import { shown } from '../support/broker-error.ts';

const tokenCharacters = [...'ABCXYZabcxyz0189-._~+/'];
const token = fc.string({ unit: fc.constantFrom(...tokenCharacters), minLength: 8, maxLength: 300 });
const text = anyText({ maxLength: 60 });

/** Pieces of real responses in any order, with any text in between. They cause more problems than random text. */
const mangled = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'http://localhost:3000/auth/code',
        ...'#?&=%+ \n"<>',
        'access_token=',
        'token_type=Bearer',
        'token_type=',
        'expires_in=',
        'error=',
        'error_description=',
        'state=',
        'Bearer ',
        'Authorization: ',
        '{sample_token}',
        'https://api.ciscospark.com/v1/scim/',
      ),
      text,
    ),
    { maxLength: 14 },
  )
  .map((pieces) => pieces.join(''));

describe('parseRedirect and parsePastedToken, given any text', () => {
  it('read every well-formed response exactly', () => {
    const parameters = fc.record({
      token,
      state: text.filter((value) => value.isWellFormed() && value !== ''),
      expiresIn: fc.integer({ min: 1, max: 315_360_000 }),
      unknown: fc.dictionary(
        fc.stringMatching(/^x_[a-z]{0,9}$/),
        text.filter((value) => value.isWellFormed()),
      ),
    });
    fc.assert(
      fc.property(
        parameters,
        fc.constantFrom('', '#', 'http://localhost:3000/auth/code#'),
        (given, prefix) => {
          const form = new URLSearchParams({
            access_token: given.token,
            ...given.unknown,
            token_type: 'Bearer',
            expires_in: String(given.expiresIn),
            state: given.state,
          });
          expect(parseRedirect(`${prefix}${form}`)).toMatchObject({
            kind: 'token',
            accessToken: given.token,
            expiresIn: given.expiresIn,
            state: given.state,
          });
        },
      ),
    );
  });

  it('reject anything else with an error and its remedy', () => {
    fc.assert(
      fc.property(
        fc.oneof(mangled, text),
        fc.constantFrom(parseRedirect, parsePastedToken),
        (input, parse) => {
          try {
            parse(input);
          } catch (error) {
            expect(error).toBeInstanceOf(BrokerError);
            if (error instanceof BrokerError) {
              expect(error.code).toMatch(/^E_/);
              expect(error.help).toBeTruthy();
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('accept only tokens that are valid in a header', () => {
    fc.assert(
      fc.property(mangled, (input) => {
        try {
          const { redirect } = parsePastedToken(input);
          if (redirect.kind === 'token') expect(redirect.accessToken).toMatch(/^[\w\-.~+/]+=*$/);
        } catch (error) {
          if (!(error instanceof BrokerError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('never repeat the token in a message or warning', () => {
    fc.assert(
      fc.property(
        token,
        mangled,
        mangled,
        fc.constantFrom(parseRedirect, parsePastedToken),
        (secret, before, after, parse) => {
          // Distinct from the words of the messages, which could contain a very short random token.
          const own = `fake-${secret}`;
          const inputs = [
            `${before}${own}${after}`,
            `#access_token=${own}${after}`,
            `#access_token=${own}&token_type=${own}&expires_in=${own}`,
            `#access_token=${own}&token_type=Bearer&expires_in=${own}`,
            `#access_token=${encodeURIComponent(`${own} `)}&token_type=Bearer`,
          ];
          for (const input of inputs) {
            try {
              const parsed = parse(input);
              const redirect = 'redirect' in parsed ? parsed.redirect : parsed;
              if (redirect.kind === 'token') expect(redirect.warnings.join('\n')).not.toContain(own);
            } catch (error) {
              if (!(error instanceof BrokerError)) throw error;
              expect(shown(error)).not.toContain(own);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('explain an error in one short line without anything like a token', () => {
    fc.assert(
      fc.property(anyText(), anyText({ maxLength: 2000 }), (code, description) => {
        const hidden = 'S'.repeat(64);
        const { message, help } = explainError(code, `${description} ${hidden}`);
        expect(message.length).toBeLessThan(900);
        expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(message).not.toContain(hidden);
        expect(help).toBeTruthy();
      }),
    );
  });

  it('take time in proportion to the length', () => {
    const { user } = process.threadCpuUsage();
    for (const filler of [' ', '\n', '#', '?', '&', '=', '%', '<', '-', 'a', '_', '/auth/code ', '\u200b']) {
      const input = `a${filler.repeat(65_000 / filler.length)}b`;
      for (const parse of [parseRedirect, parsePastedToken]) expect(() => parse(input)).toThrow(BrokerError);
    }
    // Microseconds of processor time, which does not depend on the load of the machine.
    expect(process.threadCpuUsage().user - user).toBeLessThan(3_000_000);
  });
});
