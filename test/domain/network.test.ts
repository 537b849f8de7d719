import { describe, expect, it } from 'vitest';
import { networkOf } from '../../src/domain/network.ts';

describe('networkOf', () => {
  it.each([
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:DB8::ffff:4', '2001:db8:0:0'],
    ['2001:0db8:0000::5', '2001:db8:0:0'],
    ['2001:db8:0:1::6', '2001:db8:0:1'],
    ['2001:db8:0:1::6%eth0', '2001:db8:0:1'],
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:a00:1', '10.0.0.1'],
    ['::FFFF:10.0.0.1', '10.0.0.1'],
    ['::ffff:127.0.0.9', 'loopback'],
    ['127.8.7.6', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::2', '0:0:0:0'],
    ['', ''],
  ])('counts %s as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
