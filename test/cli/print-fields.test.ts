import { describe, expect, it } from 'vitest';
import { fieldsText } from '../../src/cli/terminal/print-fields.ts';

describe('fieldsText', () => {
  const fields: [string, string][] = [
    ['Status', 'valid'],
    ['Tenant URL', 'unknown until the organization is known'],
    ['', 'second line'],
  ];

  it('aligns the values', () => {
    expect(fieldsText(fields, Number.POSITIVE_INFINITY)).toBe(
      'Status      valid\nTenant URL  unknown until the organization is known\n            second line',
    );
  });

  it('continues a long value below its start, broken between words', () => {
    expect(fieldsText(fields, 40)).toBe(
      'Status      valid\nTenant URL  unknown until the\n            organization is known\n            second line',
    );
  });
});
