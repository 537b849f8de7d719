import { describe, expect, it } from 'vitest';
import { currentProcess, leasedUntil } from '../../src/process/lease-owner.ts';

const now = 1_000_000;

describe('leasedUntil', () => {
  const nobodyExited = { now, longestMs: 500, hasExited: () => false };
  const lease = { leaseOwner: 'another', leaseExpiresAt: now + 500 };

  it('returns the end of a lease whose owner may still run', () => {
    expect(leasedUntil(lease, nobodyExited)).toBe(now + 500);
  });

  it.each([
    ['has no owner', { ...lease, leaseOwner: null }],
    ['has no end', { ...lease, leaseExpiresAt: null }],
    ['ends now', { ...lease, leaseExpiresAt: now }],
    ['ends further ahead than any lease lasts', { ...lease, leaseExpiresAt: now + 501 }],
  ])('returns null for a lease that %s', (_, stored) => {
    expect(leasedUntil(stored, nobodyExited)).toBeNull();
  });

  it('returns null once the owner has exited', () => {
    expect(leasedUntil(lease, { ...nobodyExited, hasExited: (id) => id === 'another' })).toBeNull();
  });
});

describe('currentProcess', () => {
  it('does not report itself or a process of another machine as exited', () => {
    const { id, hasExited } = currentProcess();

    expect(hasExited(id)).toBe(false);
    expect(hasExited('other-machine/pid:[1]/999999999/x')).toBe(false);
  });

  it('notices that a process of this machine has exited', () => {
    const { id, hasExited } = currentProcess();
    const parts = id.split('/');

    expect(hasExited([...parts.slice(0, -2), '999999999', 'x'].join('/'))).toBe(true);
  });
});
