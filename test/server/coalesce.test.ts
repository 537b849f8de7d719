import { expect, it } from 'vitest';
import { coalesce } from '../../src/server/coalesce.ts';

it('does the work once for all who ask while it runs, and for a while after', async () => {
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

it('does it again after the time, and after a failure', async () => {
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
