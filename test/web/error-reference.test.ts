import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../src/errors/error-codes.ts';
import { served } from '../support/web/web-client.ts';

describe('GET /errors/:code', () => {
  it('shows the reference of every error code without a session', async () => {
    const visitor = (await served()).visitor();
    for (const [code, { title }] of Object.entries(errorCodes)) {
      const { text } = await visitor.get(`/errors/${code}`).expect(200);
      expect(text).toContain(`<h1>${title}</h1>`);
      expect(text).not.toContain('<nav');
    }
  });

  it.each(['E_UNKNOWN', 'constructor', '__proto__', 'e_usage'])('responds with 404 to %s', async (code) => {
    await (await served()).visitor().get(`/errors/${code}`).expect(404);
  });

  it('is where the type of a problem document points', async () => {
    const visitor = (await served()).visitor();
    const problem = await visitor.get('/').set('Accept', 'application/json').expect(403);
    const { type, title } = JSON.parse(problem.text) as { type: string; title: string };
    expect(type).toBe('/errors/E_UNAUTHENTICATED');
    expect((await visitor.get(type).expect(200)).text).toContain(`<h1>${title}</h1>`);
  });
});
