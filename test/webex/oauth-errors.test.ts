import { describe, expect, it } from 'vitest';
import { explainError } from '../../src/webex/sign-in/oauth-errors.ts';

const codes = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'invalid_scope',
  'access_denied',
  'login_required',
  'tokenlimit_reached',
  'server_error',
  'temporarily_unavailable',
];

describe('explainError', () => {
  it.each(codes)('has a specific message for %s', (code) => {
    const { message, help } = explainError(code);
    expect(message).not.toContain('unknown error');
    expect(help.length).toBeGreaterThan(20);
    const others = codes.filter((other) => other !== code).map((other) => explainError(other).message);
    expect(others).not.toContain(message);
  });

  it('quotes the description from Webex', () => {
    expect(explainError('access_denied', 'The user\nsaid no').message).toContain(
      'Webex says: “The user said no”',
    );
  });

  it.each([null, '', '\n\u200b'])('quotes nothing if Webex says nothing: %j', (description) => {
    expect(explainError('invalid_grant', description).message).toBe('Webex no longer accepts this sign-in.');
    expect(explainError('\u200b', description).message).toBe('Webex responded with an unknown error.');
  });

  it.each(['brand_new', 'constructor', '__proto__', 'toString'])('reports %s as an unknown error', (code) => {
    const { message, help } = explainError(code, null);
    expect(message).toContain(`unknown error (${code})`);
    expect(help).toContain('again');
  });
});
