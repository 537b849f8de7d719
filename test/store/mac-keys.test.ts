import { describe, expect, it } from 'vitest';
import { rowContent, rowId } from '../../src/store/integrity/kinds.ts';
import { addend, type DataKeys, isNewest, mac, macHolds } from '../../src/store/integrity/mac-keys.ts';

type Ring = DataKeys['ring'];
const dataKey = (id: string) => ({ id: id.padEnd(36, '0'), key: Buffer.alloc(32, id) });
const first = dataKey('aaaaaaaa');
const second = dataKey('bbbbbbbb');
const keysOf = (ring: Ring): DataKeys => ({ ring, refresh: () => Promise.resolve(), refreshError: null });
const keys = keysOf({ primaryKey: first, dataKeys: [first, second] });
const purposes = ['row', 'set', 'head', 'audit', 'identity'] as const;

describe('a MAC', () => {
  it('names the newest data key, and is shorter for a row', () => {
    expect(mac(keys, 'row', 'text')).toMatch(/^aaaaaaaa\.[\w-]{22}$/);
    expect(mac(keys, 'head', 'text')).toMatch(/^aaaaaaaa\.[\w-]{43}$/);
  });

  it.each(purposes)('is valid only for its text and its purpose: %s', (purpose) => {
    const given = mac(keys, purpose, 'text');
    expect(macHolds(keys, purpose, 'text', given)).toBe(true);
    expect(macHolds(keys, purpose, 'other', given)).toBe(false);
    for (const other of purposes) {
      if (other !== purpose) expect(macHolds(keys, other, 'text', given)).toBe(false);
    }
  });

  it('is not valid if it is cut, longer, or made with another key', () => {
    const given = mac(keys, 'row', 'text');
    const other = mac(keysOf({ primaryKey: second, dataKeys: [second] }), 'row', 'text');
    expect(macHolds(keys, 'row', 'text', other)).toBe(true);
    for (const text of [
      given.slice(0, -1),
      `${given}A`,
      `${given.slice(0, 9)}${other.slice(9)}`,
      'aaaaaaaa.',
      'aaaaaaaa',
    ]) {
      expect(macHolds(keys, 'row', 'text', text)).toBe(false);
    }
  });

  it('is neither valid nor invalid if its key is unknown', () => {
    const own = keysOf({ primaryKey: first, dataKeys: [first] });
    const other = mac(keysOf({ primaryKey: second, dataKeys: [second] }), 'row', 'text');
    for (const given of [other, '', 'text']) {
      expect(macHolds(own, 'row', 'text', given)).toBeNull();
      expect(addend(own, 'name', given)).toBeNull();
    }
    expect(isNewest(own, other)).toBe(false);
    expect(isNewest(own, mac(own, 'row', 'text'))).toBe(true);
  });

  it('is made with a key that was added since the last one', () => {
    const ring = { primaryKey: first, dataKeys: [first] };
    const growing = keysOf(ring);
    expect(mac(growing, 'row', 'text')).toMatch(/^aaaaaaaa/);
    ring.dataKeys.push(second);
    ring.primaryKey = second;
    expect(mac(growing, 'row', 'text')).toMatch(/^bbbbbbbb/);
    ring.primaryKey = dataKey('cccccccc');
    expect(() => mac(growing, 'row', 'text')).toThrow('not in its key ring');
  });
});

describe('addend', () => {
  it('depends on the name, the MAC and the key, and has up to 256 bits', () => {
    const given = mac(keys, 'row', 'text');
    const other = mac(keysOf({ primaryKey: second, dataKeys: [second] }), 'row', 'text');
    const parts = [
      addend(keys, 'one', given),
      addend(keys, 'two', given),
      addend(keys, 'one', mac(keys, 'row', 'other')),
      addend(keys, 'one', other),
    ];
    expect(new Set(parts).size).toBe(4);
    for (const part of parts) expect(part?.toString(16).length).toBeGreaterThan(50);
  });
});

describe('the content of a row', () => {
  const link = { link_hash: 'hash', expires_at: 7, used_at: null };

  it('has its kind and the columns that are not null', () => {
    expect(rowContent('accessLink', link)).toBe('["accessLink","link_hash","hash","expires_at",7]');
    expect(rowContent('accessLink', { ...link, used_at: 0 })).toBe(
      '["accessLink","link_hash","hash","expires_at",7,"used_at",0]',
    );
  });

  it('does not include other columns', () => {
    expect(rowContent('accessLink', { ...link, shown: 'x' } as typeof link)).toBe(
      rowContent('accessLink', link),
    );
  });

  it('is named by all columns of its ID', () => {
    expect(rowId('accessLink', link)).toBe('hash');
    expect(rowId('grant', { client_id: 'client', profile_id: 'profile' })).toBe('client/profile');
  });
});
