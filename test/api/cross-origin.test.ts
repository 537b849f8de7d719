import { describe, expect, it } from 'vitest';
import { crossOriginError, isCrossOrigin } from '../../src/api/request/cross-origin.ts';

const own = ['https://broker.example/path', 'http://127.0.0.1:8080'];

describe('isCrossOrigin', () => {
  it.each([undefined, 'https://broker.example', 'http://127.0.0.1:8080'])(
    'allows the origin %s',
    (origin) => {
      expect(isCrossOrigin(origin, own)).toBe(false);
    },
  );

  it.each([
    'null',
    '',
    'https://other.example',
    'http://broker.example',
    'https://broker.example:8443',
    'https://broker.example.evil.example',
    'https://broker.example/path',
    'http://127.0.0.1',
  ])('rejects the origin %j', (origin) => {
    expect(isCrossOrigin(origin, own)).toBe(true);
    expect(isCrossOrigin(origin, [])).toBe(true);
  });

  it('is reported with 403', () => {
    expect(crossOriginError().refusal).toMatchObject({ code: 'invalid_request', status: 403 });
  });
});
