import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { OAuthError } from '../../src/api/oauth-error.ts';
import { type Form, formDecode, parseForm, readForm } from '../../src/api/request/form.ts';

const formType = 'application/x-www-form-urlencoded';
const longest = 32 * 1024;

/** The arguments of each callback of `readForm`. */
async function read(
  body: (string | Buffer)[],
  headers: Record<string, string> = { 'content-type': formType },
) {
  const calls: [OAuthError | null, Form | null][] = [];
  const request = Object.assign(new PassThrough(), { headers });
  readForm(request as unknown as IncomingMessage, (...call) => calls.push(call));
  for (const chunk of body) request.write(chunk);
  const closed = new Promise((resolve) => request.on('close', resolve));
  request.end();
  await closed;
  return calls.map(([error, form]) => error?.refusal ?? form);
}

describe('readForm', () => {
  it('reads a body in any number of chunks', async () => {
    for (const body of [['client_id=ci&a=%C3%BC'], ['client_', 'id=c', 'i&a=%C3', '%BC']]) {
      const [form, ...more] = (await read(body)) as Form[];
      expect(more).toEqual([]);
      expect([form?.get('client_id'), form?.get('a'), form?.get('b')]).toEqual(['ci', 'ü', undefined]);
    }
    expect(((await read([])) as Form[])[0]?.get('a')).toBeUndefined();
  });

  it.each([
    [{ 'content-type': formType }],
    [{ 'content-type': `${formType.toUpperCase()} ; charset=UTF-8` }],
    [{ 'content-type': formType, 'content-encoding': 'Identity' }],
    [{ 'content-type': formType, 'content-encoding': '' }],
  ])('accepts the headers %o', async (headers) => {
    expect((await read(['a=1'], headers))[0]).toHaveProperty('resources', []);
  });

  it.each<[Record<string, string>]>([
    [{}],
    [{ 'content-type': 'application/json' }],
    [{ 'content-type': `${formType}x` }],
    [{ 'content-type': `x${formType}` }],
    [{ 'content-type': formType, 'content-encoding': 'gzip' }],
    [{ 'content-type': formType, 'content-encoding': 'gzip, identity' }],
    [{ 'content-type': formType, 'content-encoding': 'identity, gzip' }],
    [{ 'content-type': 'text/plain', 'content-encoding': 'identity' }],
  ])('refuses the headers %o', async (headers) => {
    expect(await read(['a=1'], headers)).toEqual([
      { code: 'invalid_request', description: `The body must be ${formType}.` },
    ]);
  });

  it('accepts 32 KiB, and reports a larger body once', async () => {
    const filled = (length: number) => 'a='.padEnd(length, 'x');
    expect(((await read([filled(longest)])) as Form[])[0]?.get('a')).toHaveLength(longest - 2);
    const tooLarge = {
      code: 'invalid_request',
      description: 'The body is larger than 32768 bytes.',
      status: 413,
    };
    expect(await read([filled(longest + 1)])).toEqual([tooLarge]);
    expect(await read([filled(longest), 'x', 'x', '&b=1'])).toEqual([tooLarge]);
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['bytes that are not UTF-8', Buffer.from([0x61, 0x3d, 0xe4]), /^The body is neither UTF-8/],
    ['a control character', 'client_id=a\u0007', /^The body contains a control character/],
    ['a repeated parameter', 'a=1&a=1', /^The parameter a is repeated/],
    ['an invalid escape', 'a=%zz', /invalid percent escape/],
  ])('refuses %s', async (_, body, description) => {
    expect(await read([body])).toEqual([
      { code: 'invalid_request', description: expect.stringMatching(description) },
    ]);
  });
});

describe('parseForm', () => {
  it('treats a parameter without a value as absent', () => {
    const form = parseForm('ab&a=&=x&b=1&&c=x=y&b=');
    expect(['a', 'b', 'c', 'ab'].map((name) => form.get(name))).toEqual([undefined, '1', 'x=y', undefined]);
  });

  it('allows several values only for resource', () => {
    expect(parseForm('resource=a&b=1&resource=b%3A').resources).toEqual(['a', 'b:']);
    expect(() => parseForm('b=1&%62=2')).toThrow('The parameter b is repeated.');
    const long = 'n'.repeat(50);
    expect(() => parseForm(`${long}=1&${long}=1`)).toThrow(`The parameter ${'n'.repeat(40)} is repeated.`);
  });
});

describe('formDecode', () => {
  it('decodes escapes and spaces, and refuses what is not UTF-8', () => {
    expect(formDecode('a+b%2Bc%20')).toBe('a b+c ');
    for (const text of ['%', '%4', '%zz', '%ff']) expect(() => formDecode(text)).toThrow(OAuthError);
  });
});
