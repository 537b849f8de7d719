import { describe, expect, it } from 'vitest';
import { Throttle } from '../../src/api/client-auth/throttle.ts';

function failures(throttle: Throttle, count: number, address: string, now = 0): number[] {
  return Array.from({ length: count }, () => throttle.failed('ci', address, now));
}

describe('Throttle', () => {
  it('allows five failures, then doubles the delay up to five minutes', () => {
    const throttle = new Throttle();
    expect(failures(throttle, 5, '10.0.0.1')).toEqual([0, 0, 0, 0, 0]);
    const waits: number[] = [];
    let now = 0;
    for (let round = 0; round < 12; round += 1) {
      const wait = throttle.failed('ci', '10.0.0.1', now);
      waits.push(wait);
      now += wait * 1000;
      expect(throttle.failed('ci', '10.0.0.1', now)).toBe(0);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  });

  it('does not delay another address or another client', () => {
    const throttle = new Throttle();
    failures(throttle, 6, '10.0.0.1');
    expect(throttle.failed('ci', '10.0.0.2', 0)).toBe(0);
    expect(throttle.failed('other', '10.0.0.1', 0)).toBe(0);
  });

  it('forgets failures after a success or an hour', () => {
    const throttle = new Throttle();
    failures(throttle, 5, '10.0.0.1');
    throttle.succeeded('ci', '10.0.0.1');
    expect(failures(throttle, 5, '10.0.0.1')).toEqual([0, 0, 0, 0, 0]);
    expect(throttle.failed('ci', '10.0.0.1', 3_600_000)).toBe(0);
    expect(throttle.failed('ci', '10.0.0.1', 3_600_000)).toBe(2);
    expect(failures(throttle, 5, '10.0.0.1', 7_200_001)).toEqual([0, 0, 0, 0, 0]);
  });

  it('forgets failures if the clock was set back', () => {
    const throttle = new Throttle();
    const year = 365 * 86_400_000;
    failures(throttle, 5, '10.0.0.1', year);
    expect(throttle.failed('ci', '10.0.0.1', year)).toBe(1);
    expect(failures(throttle, 6, '10.0.0.1', 0)).toEqual([0, 0, 0, 0, 0, 1]);
  });

  it('forgets failures under unknown names after a success from the same address', () => {
    const throttle = new Throttle();
    for (let count = 0; count < 5; count += 1) throttle.failed('', '10.0.0.1', 0);
    throttle.succeeded('ci', '10.0.0.2');
    expect(throttle.failed('', '10.0.0.1', 0)).toBe(1);
    throttle.succeeded('ci', '10.0.0.1');
    expect(throttle.failed('', '10.0.0.1', 0)).toBe(0);
  });

  it('counts an IPv6 network as one address in any notation', () => {
    const throttle = new Throttle();
    for (const address of [
      '2001:db8::1',
      '2001:db8:0:0:1::2',
      '2001:db8:0::3',
      '2001:db8::ffff:4',
      '2001:db8::5',
    ]) {
      expect(throttle.failed('ci', address, 0)).toBe(0);
    }
    expect(throttle.failed('ci', '2001:db8::6', 0)).toBe(1);
    expect(throttle.failed('ci', '2001:db8:0:1::6', 0)).toBe(0);
  });

  it('forgets the pair that failed least recently', () => {
    const throttle = new Throttle(2);
    failures(throttle, 5, '10.0.0.1');
    failures(throttle, 5, '10.0.0.2');
    // Both are still known.
    expect(throttle.failed('ci', '10.0.0.1', 0)).toBe(1);
    throttle.failed('ci', '10.0.0.3', 0);
    expect(throttle.failed('ci', '10.0.0.1', 0)).toBe(1);
    expect(throttle.failed('ci', '10.0.0.2', 0)).toBe(0);
  });

  it('limits its memory and forgets the oldest entries', () => {
    const throttle = new Throttle(100);
    failures(throttle, 5, '10.0.0.1');
    for (let count = 0; count < 100; count += 1) throttle.failed('ci', `10.1.0.${count}`, 0);
    expect(throttle.failed('ci', '10.0.0.1', 0)).toBe(0);
  });
});
