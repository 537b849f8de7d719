import ejs from 'ejs';
import { describe, expect, it, vi } from 'vitest';
import { served } from '../support/web/web-client.ts';

describe('createRender', () => {
  it('compiles each view, and each one that it includes, once for all pages and servers', async () => {
    const page = async () => (await (await (await served()).person()).get('/sign-in').expect(200)).text;
    const first = await page();
    const compile = vi.spyOn(ejs, 'compile');
    expect(await page()).toBe(first);
    expect(compile).not.toHaveBeenCalled();
  });
});
