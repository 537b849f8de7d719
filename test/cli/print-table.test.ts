import { describe, expect, it } from 'vitest';
import { fitTable, widthOf } from '../../src/cli/terminal/print-table.ts';

const head = ['PROFILE', 'STATUS', 'ACCOUNT', 'CONTACT'];
const rows = [
  ['acme', 'valid', 'ada.nakamura@acme.example', ''],
  ['globex', 'expired', '', ''],
];

describe('fitTable', () => {
  it('shows every column if there is room', () => {
    expect(fitTable(head, rows, 80).split('\n')[0]).toBe(
      'PROFILE  STATUS   ACCOUNT                    CONTACT',
    );
  });

  it('leaves out columns without a value if the terminal is too narrow', () => {
    expect(fitTable(head, rows, 45).split('\n')[0]).toBe('PROFILE  STATUS   ACCOUNT');
  });

  it('shows each row as a list on a narrower terminal, without a line that is too long', () => {
    const text = fitTable(head, rows, 40);
    expect(text).toBe(
      'acme\n  status   valid\n  account  ada.nakamura@acme.example\nglobex\n  status   expired',
    );
    expect(widthOf(text)).toBeLessThanOrEqual(40);
  });
});
