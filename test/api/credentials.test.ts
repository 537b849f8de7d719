import { describe, expect, it } from 'vitest';
import { readCredentials } from '../../src/api/client-auth/credentials.ts';
import { parseForm } from '../../src/api/request/form.ts';

const jwtBearer = 'client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const read = (form: string, authorization?: string) => readCredentials(authorization, parseForm(form));

describe('readCredentials', () => {
  it.each<[string, string, string | undefined, object]>([
    [
      'a secret in the header',
      '',
      basic('ci:s%3Aecret+1'),
      { kind: 'secret', client: 'ci', secret: 's:ecret 1' },
    ],
    [
      'a secret in the body',
      'client_id=ci&client_secret=s',
      undefined,
      { kind: 'secret', client: 'ci', secret: 's' },
    ],
    [
      'both alike',
      'client_id=ci&client_secret=s',
      basic('ci:s'),
      { kind: 'secret', client: 'ci', secret: 's' },
    ],
    [
      'an assertion',
      `${jwtBearer}&client_assertion=a.b.c`,
      undefined,
      { kind: 'assertion', client: null, assertion: 'a.b.c' },
    ],
    [
      'an assertion and its client',
      `${jwtBearer}&client_assertion=a.b.c&client_id=ci`,
      undefined,
      { kind: 'assertion', client: 'ci', assertion: 'a.b.c' },
    ],
    ['none', '', undefined, { kind: 'none', client: null, why: 'The request has no client authentication.' }],
    ['only a client', 'client_id=ci', undefined, { kind: 'none', client: 'ci' }],
    [
      'another scheme',
      'client_id=ci',
      'Bearer x',
      { kind: 'none', client: 'ci', why: expect.stringMatching(/must be Basic/) },
    ],
    [
      'no colon',
      '',
      basic('ci'),
      { kind: 'none', client: null, why: expect.stringMatching(/must be Basic/) },
    ],
    [
      'an empty client_id',
      'client_id=ci',
      basic(':s'),
      { kind: 'none', client: 'ci', why: expect.stringMatching(/empty/) },
    ],
    ['an empty client_id alone', '', basic(':s'), { kind: 'none', client: null }],
  ])('reads %s', (_, form, authorization, expected) => {
    expect(read(form, authorization)).toMatchObject(expected);
  });

  it.each<[string, string, string | undefined, RegExp]>([
    [
      'another secret in the body',
      'client_id=ci&client_secret=other',
      basic('ci:s'),
      /one client authentication/,
    ],
    ['another client in the body', 'client_id=other&client_secret=s', basic('ci:s'), /client_id differs/],
    [
      'a secret next to a damaged header',
      'client_id=ci&client_secret=s',
      'Bearer s',
      /one client authentication/,
    ],
    [
      'a header and an assertion',
      `${jwtBearer}&client_assertion=a.b.c`,
      basic('ci:s'),
      /one client authentication/,
    ],
    [
      'a secret and an assertion',
      `client_id=ci&client_secret=s&${jwtBearer}&client_assertion=a.b.c`,
      undefined,
      /one client authentication/,
    ],
    [
      'all three',
      `client_id=ci&client_secret=s&${jwtBearer}&client_assertion=a.b.c`,
      basic('ci:s'),
      /one client authentication/,
    ],
    [
      'a secret and the type of an assertion',
      `client_id=ci&client_secret=s&${jwtBearer}`,
      undefined,
      /one client/,
    ],
    ['a secret without a client', 'client_secret=s', undefined, /requires client_id/],
    [
      'an assertion without its type',
      'client_assertion=a.b.c',
      undefined,
      /client_assertion_type must be urn:ietf:/,
    ],
    [
      'an assertion of another type',
      'client_assertion=a.b.c&client_assertion_type=x',
      undefined,
      /must be urn:ietf:/,
    ],
    ['a type without an assertion', jwtBearer, undefined, /client_assertion is missing/],
  ])('refuses %s', (_, form, authorization, message) => {
    expect(() => read(form, authorization)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(message),
        refusal: expect.objectContaining({ code: 'invalid_request' }),
      }),
    );
  });
});
