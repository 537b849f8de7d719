import { describe, expect, it } from 'vitest';
import { coalesce } from '../../src/server/coalesce.ts';

describe('coalesce', () => {
  it('runs once for all callers while it runs, and for a while afterwards', async () => {
    let times = 0;
    let finish = () => {};
    const ask = coalesce(() => {
      times += 1;
      return new Promise<number>((resolve) => {
        finish = () => resolve(times);
      });
    }, 60_000);
    const asking = Array.from({ length: 100 }, ask);
    finish();
    expect(new Set(await Promise.all(asking))).toEqual(new Set([1]));
    expect(await ask()).toBe(1);
  });

  it('runs again after that time, and after a failure', async () => {
    let times = 0;
    const ask = coalesce(() => {
      times += 1;
      return times === 1 ? Promise.reject(new Error('no')) : Promise.resolve(times);
    }, 0);
    await expect(Promise.all([ask(), ask()])).rejects.toThrow('no');
    expect(times).toBe(1);
    expect(await ask()).toBe(2);
    expect(await ask()).toBe(3);
  });
});
