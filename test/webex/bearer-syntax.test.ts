import { describe, expect, it } from 'vitest';
import { assertBearerSyntax } from '../../src/webex/sign-in/bearer-syntax.ts';
import { brokerErrorOf } from '../support/broker-error.ts';

describe('assertBearerSyntax', () => {
  it.each([
    ['', 'is empty'],
    ['fake token', 'contains a space or line break'],
    ['fake\ntoken', 'contains a space or line break'],
    ['fake\u0007token', 'contains a control character'],
    ['fake"token', 'contains a character that is not allowed in bearer tokens'],
    ['fake=token', 'contains a character that is not allowed in bearer tokens'],
  ])('says what is wrong with the token %j, and does not repeat it', (token, fault) => {
    expect(brokerErrorOf(() => assertBearerSyntax(token)).message).toBe(
      `The token ${fault}, so it is not a bearer token.`,
    );
  });

  it('names the longest length of a token', () => {
    expect(() => assertBearerSyntax('x'.repeat(16_384))).not.toThrow();
    expect(() => assertBearerSyntax('x'.repeat(16_385))).toThrow('longer than 16384 characters');
  });
});
