import { describe, expect, it } from 'vitest';
import { toSafeError } from '../../src/text/safe-error.ts';

const token = 'A'.repeat(40);

describe('toSafeError', () => {
  it('names the error, its code and where it happened', () => {
    const error = Object.assign(new TypeError('It failed.'), { code: 'EACCES' });
    const safe = toSafeError(error);
    expect(safe).toMatchObject({ error: 'TypeError', code: 'EACCES', message: 'It failed.' });
    expect(safe.stack.length).toBeGreaterThan(1);
    for (const line of safe.stack) expect(line).toMatch(/^at \S/);
  });

  it('repeats nothing that looks like a token, not in its name or its code either', () => {
    const error = Object.assign(new Error(`sent ${token}\n    and ${token}`), { name: token, code: token });
    error.stack = `${token}: sent ${token}\nlooked at ${token}\n    at send (file.ts:1:2)`;
    expect(toSafeError(error)).toEqual({
      error: '[hidden]',
      code: '[hidden]',
      message: 'sent [hidden] and [hidden]',
      stack: ['at send (file.ts:1:2)'],
    });
  });

  it('shortens long texts', () => {
    const words = 'word '.repeat(100);
    const safe = toSafeError(Object.assign(new Error(words), { name: words, code: words }));
    expect(safe.message).toHaveLength(300);
    expect(safe.error).toHaveLength(60);
    expect(safe.code).toHaveLength(60);
  });

  it('has no code and no stack if the error has none', () => {
    const error = new Error('Plain.');
    delete (error as { stack?: string }).stack;
    expect(toSafeError(error)).toEqual({ error: 'Error', message: 'Plain.', stack: [] });
  });

  it.each([
    ['a text', token, 'string'],
    ['nothing', undefined, 'undefined'],
    ['an object', { message: token }, 'object'],
  ])('reports only the type of %s that was thrown', (_, thrown, type) => {
    expect(toSafeError(thrown)).toEqual({ error: type, stack: [] });
  });
});
