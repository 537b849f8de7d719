import { request as sendRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { clientOf, profileWithToken } from '../support/api-server.ts';
import {
  ask,
  type Question,
  type RelayResponse,
  relayServer,
  upstreamServer,
} from '../support/relay-server.ts';
import { simulated } from '../support/test-simulator.ts';
import { newVault, testSettings } from '../support/vault/test-vault.ts';

/*
 * The requests of provisioning tools, through the relay, to the SCIM service of another project (SCIMMY). Every
 * response must be the one that the service sent, byte for byte, except for the addresses that point to the relay.
 */

const scimJson = 'application/scim+json; charset=utf-8';
const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

interface Session {
  simulator: Simulator;
  /** Sends a request through the relay, and compares the response with that of the service. */
  send(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<RelayResponse & { json: Record<string, unknown> }>;
}

async function session(): Promise<Session> {
  const simulator = await simulated();
  simulator.settings.groups = 'served';
  const upstream = await upstreamServer();
  const answers: { status: number; headers: Record<string, unknown>; body: string }[] = [];
  upstream.handle = (request, response, body) => {
    const { port } = new URL(simulator.endpoints.commercial.scim);
    // With the host of the client's request, which the service uses in its addresses.
    const { method, url: path, headers } = request;
    const onward = sendRequest({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const status = answer.statusCode ?? 0;
        answers.push({ status, headers: answer.headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(status, answer.headers).end(Buffer.concat(chunks));
      });
    });
    onward.end(body);
  };
  const { id: orgId } = simulator.organizations.find(({ name }) => name === 'Acme Corporation') ?? { id: '' };
  const { commercial, government } = simulator.endpoints;
  const settings = {
    ...(await testSettings()),
    webex: { commercial: { ...commercial, scim: `${upstream.origin}/v1/scim` }, government },
  };
  const vault = await newVault(undefined, { settings, fetch: globalThis.fetch });
  await profileWithToken(vault, 'acme', { token: simulator.issueToken('full-admin').accessToken, orgId });
  const secret = await clientOf(vault, 'provisioning', ['acme'], { relayRights: 'all' });
  const here = await relayServer({ vault, upstream });
  const tenantUrl = `${upstream.origin}/v1/scim/${orgId}`;

  return {
    simulator,
    async send(method, path, body) {
      answers.length = 0;
      const question: Question = {
        method,
        headers: { accept: 'application/scim+json', ...(body !== undefined && { 'content-type': scimJson }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      };
      const answer = await ask(here, secret, `/scim/acme${path}`, question);
      const [direct, ...more] = answers;
      expect(more).toEqual([]);
      expect(answer.status).toBe(direct?.status);
      expect(answer.body).toBe(direct?.body.replaceAll(`${tenantUrl}/`, `${here.relayUrl}/`));
      expect(answer.headers['content-type']).toBe(direct?.headers['content-type']);
      expect(answer.headers.location).toBe(
        (direct?.headers.location as string | undefined)?.replace(tenantUrl, here.relayUrl),
      );
      expect(answer.body).not.toContain(upstream.origin);
      return { ...answer, json: answer.body === '' ? {} : JSON.parse(answer.body) };
    },
  };
}

const person = (userName: string, more: Record<string, unknown> = {}) => ({
  schemas: [userSchema],
  userName,
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  displayName: 'Ada Lovelace',
  emails: [{ value: userName, type: 'work', primary: true }],
  active: true,
  ...more,
});

const patch = (...Operations: Record<string, unknown>[]) => ({ schemas: [patchSchema], Operations });

describe("Entra ID's requests through the relay", () => {
  // From learn.microsoft.com, "Develop a SCIM endpoint" (requests of the provisioning service) and its SCIM validator.
  it('create, find, change, disable and delete a user', async () => {
    const { send } = await session();
    const none = await send('GET', '/Users?filter=userName+eq+%22ada.entra%40example.com%22');
    expect(none.json).toMatchObject({ totalResults: 0 });

    const created = await send('POST', '/Users', person('ada.entra@example.com', { externalId: 'ada' }));
    expect(created.status).toBe(201);
    const { id } = created.json as { id: string };
    const location = (created.json.meta as { location: string }).location;
    // A client that follows the address comes back to the relay.
    expect(new URL(location).pathname).toBe(`/scim/acme/Users/${id}`);
    expect((await send('GET', `/Users/${id}`)).status).toBe(200);

    expect((await send('POST', '/Users', person('ada.entra@example.com'))).status).toBe(409);
    const found = await send('GET', '/Users?filter=userName+eq+%22ada.entra%40example.com%22');
    expect(found.json).toMatchObject({ totalResults: 1, Resources: [{ id }] });

    const changes = [
      patch({ op: 'Replace', path: 'displayName', value: 'Countess of Lovelace' }),
      patch(
        { op: 'Replace', path: 'name.givenName', value: 'Augusta' },
        { op: 'Add', path: 'title', value: 'Analyst' },
      ),
      patch({ op: 'Replace', path: 'userName', value: 'augusta.entra@example.com' }),
      patch({ op: 'Replace', path: 'active', value: false }),
      patch({ op: 'Remove', path: 'title' }),
    ];
    for (const change of changes)
      expect((await send('PATCH', `/Users/${id}`, change)).status).toBeLessThan(300);
    expect((await send('GET', `/Users/${id}`)).json).toMatchObject({
      userName: 'augusta.entra@example.com',
      displayName: 'Countess of Lovelace',
      active: false,
    });

    expect(await send('DELETE', `/Users/${id}`)).toMatchObject({ status: 204, body: '' });
    expect((await send('GET', `/Users/${id}`)).status).toBe(404);
  });

  it('create a group, change its members, and find it without them', async () => {
    const { send } = await session();
    const { id: member } = (await send('POST', '/Users', person('member@example.com'))).json;
    const group = { schemas: [groupSchema], displayName: 'Engineers', members: [] };
    const created = await send('POST', '/Groups', group);
    expect(created.status).toBe(201);
    const { id } = created.json;
    const found = await send(
      'GET',
      '/Groups?excludedAttributes=members&filter=displayName+eq+%22Engineers%22',
    );
    expect(found.json).toMatchObject({ totalResults: 1 });
    expect(found.body).not.toContain('members');
    const added = patch({ op: 'Add', path: 'members', value: [{ value: member }] });
    expect((await send('PATCH', `/Groups/${id}`, added)).status).toBeLessThan(300);
    expect((await send('GET', `/Groups/${id}`)).json).toMatchObject({ members: [{ value: member }] });
    const removed = patch({ op: 'Remove', path: `members[value eq "${member}"]` });
    expect((await send('PATCH', `/Groups/${id}`, removed)).status).toBeLessThan(300);
    expect((await send('DELETE', `/Groups/${id}`)).status).toBe(204);
  });

  it('test the connection with a random user and a random group', async () => {
    const { send } = await session();
    const random = 'b91ef9ab-6f1c-4c3f-8e6a-000000000000';
    expect((await send('GET', `/Users?filter=userName+eq+%22${random}%22`)).json).toMatchObject({
      totalResults: 0,
    });
    const groups = await send(
      'GET',
      `/Groups?filter=displayName+eq+%22${random}%22&excludedAttributes=members`,
    );
    expect(groups.json).toMatchObject({ totalResults: 0 });
  });
});

describe("Okta's requests through the relay", () => {
  // From Okta's SCIM 2.0 test suite (developer.okta.com, "Test your SCIM API").
  it('list, find, create, update, deactivate and reactivate users', async () => {
    const { send } = await session();
    expect((await send('GET', '/Users?count=2&startIndex=1')).json).toMatchObject({ startIndex: 1 });
    expect((await send('GET', '/Users/00919288221112222')).status).toBe(404);
    const unknown = await send(
      'GET',
      '/Users?filter=userName%20eq%20%22nobody%40example.com%22&startIndex=1&count=100',
    );
    expect(unknown.json).toMatchObject({ totalResults: 0 });

    const userName = 'okta.runner@example.com';
    const created = await send('POST', '/Users', person(userName, { locale: 'en-US', groups: [] }));
    expect(created.status).toBe(201);
    const { id } = created.json;
    expect((await send('POST', '/Users', person(userName))).status).toBe(409);
    const again = await send(
      'GET',
      `/Users?filter=userName%20eq%20%22${encodeURIComponent(userName)}%22&startIndex=1&count=100`,
    );
    expect(again.json).toMatchObject({ totalResults: 1 });

    const updated = await send('PUT', `/Users/${id}`, {
      id,
      ...person(userName, { displayName: 'Ada "Ω" L\u00f6velace' }),
    });
    expect(updated.json).toMatchObject({ displayName: 'Ada "Ω" L\u00f6velace' });
    for (const active of [false, true]) {
      const change = patch({ op: 'replace', value: { active } });
      expect((await send('PATCH', `/Users/${id}`, change)).status).toBeLessThan(300);
      expect((await send('GET', `/Users/${id}`)).json).toMatchObject({ active });
    }
  });
});

describe('discovery through the relay', () => {
  it.each([
    '/ServiceProviderConfig',
    '/ResourceTypes',
    '/ResourceTypes/User',
    '/Schemas',
    `/Schemas/${userSchema}`,
  ])('returns %s unchanged', async (path) => {
    const { send } = await session();
    expect((await send('GET', path)).status).toBe(200);
  });
});

describe('errors of the service through the relay', () => {
  it.each([
    ['an internal error', 'GET', '/Users?filter=userName', undefined, 500],
    ['a user without a name', 'POST', '/Users', { schemas: [userSchema] }, 400],
    ['a resource that does not exist', 'PATCH', '/Users/none', patch({ op: 'replace', value: {} }), 404],
  ])('are unchanged: %s', async (_, method, path, body, status) => {
    const { send } = await session();
    const answer = await send(method, path, body);
    expect(answer.json).toMatchObject({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'] });
    expect(answer.status).toBe(status);
  });
});
