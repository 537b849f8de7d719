import { describe, expect, it } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { served } from '../support/web/web-client.ts';

/** Of all tests that change nothing. */
const shared = forFile(() => served());

describe('errors of the web app', () => {
  it.each([
    ['put', '/healthz', 405, 'GET, HEAD'],
    ['post', '/', 405, 'GET, HEAD'],
    ['delete', '/sign-in', 405, 'GET, HEAD, POST'],
    ['get', '/profiles/acme/rename', 405, 'POST'],
    ['post', '/assets/style.css', 405, 'GET, HEAD'],
  ] as const)('a request %s %s gets status %i', async (method, path, status, allow) => {
    const response = await (await shared().person())[method](path).expect(status);
    expect(response.headers.allow).toBe(allow);
  });

  it.each(['/nothing', '/Sign-In', '/sign-in/', '//sign-in', '/profiles/a/b', '/%', '/profiles/%ff'])(
    'a request for %s gets an error page with status 404',
    async (path) => {
      const response = await (await shared().person()).get(path);
      expect([400, 404]).toContain(response.status);
      expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(response.text).not.toMatch(/\bat .*\.ts|node_modules|URIError/);
    },
  );

  it('a program gets problem details', async () => {
    const person = await shared().person();
    const response = await person.get('/nothing').set('Accept', 'application/json').expect(404);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(JSON.parse(response.text)).toMatchObject({
      type: '/errors/E_NOT_FOUND',
      status: 404,
      code: 'E_NOT_FOUND',
    });
  });

  it('forms of another content type are rejected', async () => {
    const person = await shared().person();
    await person.post('/sign-in').set('Content-Type', 'text/plain').send('name=acme').expect(415);
    await person.post('/import').send({ name: 'acme' }).expect(415);
    await person
      .post('/import')
      .type('form')
      .send(`text=${'x'.repeat(70_000)}`)
      .expect(413);
  });

  it('repeated fields count as missing', async () => {
    const person = await shared().person();
    const { text } = await person.post('/sign-in').type('form').send('name=a&name=b').expect(422);
    expect(text).toContain('Enter a name for the organization.');
  });

  it('an internal error shows no details', async () => {
    const { person, vault, logged } = await served();
    const browser = await person();
    await vault.db.schema.dropTable('profile').execute();
    const { text } = await browser.get('/').expect(500);
    expect(text).toContain('Something went wrong');
    expect(text).not.toMatch(/no such table|select/i);
    expect(logged()).toContain('no such table: profile');
  });

  it('the log has the path of each request but no secret', async () => {
    const { person, visitor, logged } = await served();
    await (await person()).get('/import?profile=fake-query').expect(200);
    await visitor().get('/access/fake-secret').expect(410);
    await visitor().get('/sign-in/fake-secret').expect(410);
    await visitor().get('//access/fake-secret').expect(403);
    await visitor().get('/ACCESS/fake-secret/more').expect(403);
    await visitor().get(`/auth/code?error=fake-error#fake-fragment`).expect(200);
    const lines = logged()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        method: 'GET',
        path: '/import',
        status: 200,
        ms: expect.any(Number),
        msg: 'request',
      }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ path: '/sign-in/…', status: 410 }));
    expect(logged()).not.toMatch(/fake-|broker-3000|cookie/i);
  });
});
