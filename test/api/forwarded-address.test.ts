import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forwardedAddress, parseHop } from '../../src/api/request/forwarded-address.ts';

describe('parseHop', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3:54321', '10.1.2.3'],
    [' \t10.1.2.3:54321 ', '10.1.2.3'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['"[2001:db8::1]:443"', '2001:db8::1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:0a01:0203', '10.1.2.3'],
    ['[::ffff:10.1.2.3]:443', '10.1.2.3'],
    // Not IPv4-mapped.
    ['::ffff:0:10.1.2.3', '::ffff:0:a01:203'],
    ['::10.1.2.3', '::10.1.2.3'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('reads the address in "%s"', (hop, address) => {
    expect(parseHop(hop)).toBe(address);
  });

  it.each([
    '',
    'unknown',
    '_hidden',
    '_SEVKISEK',
    'client.example',
    '10.1.2',
    '10.1.2.3.4',
    '10.1.2.3:',
    '10.1.2.3:x',
    '10.1.2.3:_port',
    '10.1.2.3:443443',
    'x10.1.2.3:443',
    'x[2001:db8::1]:443',
    '[2001:db8::1]:443x',
    '"10.1.2.3',
    'x"10.1.2.3"',
    '"10.1.2.3"x',
    '010.1.2.3',
    '[10.1.2.3]',
    '[10.1.2.3]:443',
    '[2001:db8::1',
    '2001:db8::1]:443',
    'for=10.1.2.3',
    '10.1.2.3 10.1.2.4',
  ])('finds no address in "%s"', (hop) => {
    expect(parseHop(hop)).toBeNull();
  });
});

function requestFrom(remoteAddress: string, header?: string): IncomingMessage {
  return { socket: { remoteAddress }, headers: { 'x-forwarded-for': header } } as unknown as IncomingMessage;
}

const addressOf = forwardedAddress(['192.0.2.0/24', '2001:db8:ffff::/48']);

describe('forwardedAddress', () => {
  it.each([
    ['the proxy alone', '192.0.2.1', undefined, '192.0.2.1'],
    ['a header from an address that is not a proxy', '10.9.9.9', '10.1.2.3', '10.9.9.9'],
    ['a client with its port, as Azure writes it', '192.0.2.1', '10.1.2.3:54321', '10.1.2.3'],
    ['an IPv6 client with its port', '192.0.2.1', '[2001:db8::1]:443', '2001:db8::1'],
    ['an address that the client itself sent', '192.0.2.1', '10.0.0.1, 10.1.2.3:54321', '10.1.2.3'],
    [
      'a line of proxies',
      '192.0.2.1',
      '10.0.0.1,10.1.2.3:1 , 192.0.2.7:443,\t[2001:db8:ffff::2]:443',
      '10.1.2.3',
    ],
    ['a proxy as IPv4 in IPv6', '::ffff:192.0.2.1', '::ffff:10.1.2.3', '10.1.2.3'],
    ['an unknown client', '192.0.2.1', '10.0.0.1, unknown', '192.0.2.1'],
    ['a hidden client behind two proxies', '192.0.2.1', '_hidden, 192.0.2.7', '192.0.2.7'],
    ['empty elements', '192.0.2.1', ', 10.1.2.3, ,', '10.1.2.3'],
    ['proxies only', '192.0.2.1', '192.0.2.7', '192.0.2.7'],
  ])('returns the address of the client for %s', (_what, peer, header, address) => {
    expect(addressOf(requestFrom(peer, header))).toBe(address);
  });

  it('ignores everything to the left of the first address that is not a trusted proxy', () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant('unknown'));
    fc.assert(
      fc.property(fc.array(hop), (before) => {
        expect(addressOf(requestFrom('192.0.2.1', [...before, '10.1.2.3:9'].join(', ')))).toBe('10.1.2.3');
      }),
    );
  });
});
