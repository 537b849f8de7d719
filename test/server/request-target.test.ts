import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTarget } from '../../src/server/requests/request-target.ts';
import { hostileTargets } from '../support/http/hostile-targets.ts';

const isOwn = (origin: string) =>
  origin === 'http://localhost:3000' || origin === 'https://tokens.example.com';
const read = (target: string) => readTarget(target, isOwn);

describe('a request target', () => {
  it.each(['/', '/profiles/acme', '/x?next=//evil.example', '/?a=\\', '/%2f%2fevil.example', '/a/../b'])(
    'can be the path %s',
    (target) => {
      expect(read(target)).toEqual({ path: target, host: null });
    },
  );

  it.each([
    ['http://localhost:3000/healthz', '/healthz', 'localhost:3000'],
    ['HTTP://LOCALHOST:3000/healthz?x=1', '/healthz?x=1', 'localhost:3000'],
    ['http://localhost:3000', '/', 'localhost:3000'],
    ['http://localhost:3000?x', '/?x', 'localhost:3000'],
    ['https://tokens.example.com:443/oauth/token', '/oauth/token', 'tokens.example.com'],
  ])('accepts its own URL %s', (target, path, host) => {
    expect(read(target)).toEqual({ path, host });
  });

  it.each([
    '',
    '*',
    'healthz',
    'localhost:3000',
    '\\\\evil.example',
    '/x#y',
    'http://evil.example/',
    'http://localhost:3000.evil.example/',
    'http://localhost:3001/',
    'https://localhost:3000/',
    'http://user@localhost:3000/',
    'http://localhost:3000@evil.example/',
    'http://localhost:3000\\@evil.example/',
    'http://localhost:3000#x',
    'http:/localhost:3000/',
    'http:///localhost:3000/',
    'ftp://localhost:3000/',
    'file:///etc/passwd',
  ])('is refused as malformed: "%s"', (target) => {
    expect(read(target)).toEqual({ refusal: 400 });
  });

  it.each([
    '//evil.example/x',
    '/\\evil.example',
    '/.//evil.example/x',
    '/profiles//acme',
    'http://localhost:3000//evil.example',
    'http://localhost:3000/\\evil.example',
  ])('is not found: "%s"', (target) => {
    expect(read(target)).toEqual({ refusal: 404 });
  });

  it('never leads a browser to another host, with any content', () => {
    fc.assert(
      fc.property(hostileTargets('localhost:3000'), (text) => {
        const target = read(text);
        if ('refusal' in target) return;
        expect(new URL(target.path, 'http://localhost:3000').origin).toBe('http://localhost:3000');
      }),
      { numRuns: 5_000 },
    );
  });
});
