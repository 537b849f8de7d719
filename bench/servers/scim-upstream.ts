import { createServer } from 'node:http';

/*
 * A SCIM service that returns a constant list of five users, about 4 KiB, with addresses of this server. `/Users/slow` sends a
 * part of its response and then waits until the connection ends.
 */
const [port = '0', path = ''] = process.argv.slice(2);
const location = `http://127.0.0.1:${port}${path}`;
const user = (at: number) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  id: `00000000-0000-4000-8000-00000000000${at}`,
  userName: `person-${at}@example.com`,
  name: { givenName: 'Person', familyName: `Number ${at}` },
  displayName: `Person number ${at}`,
  emails: [{ value: `person-${at}@example.com`, type: 'work', primary: true }],
  phoneNumbers: [{ value: '+1 555 0100', type: 'work' }],
  title: 'x'.repeat(300),
  active: true,
  meta: { resourceType: 'User', location: `${location}/Users/00000000-0000-4000-8000-00000000000${at}` },
});
const list = JSON.stringify({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
  totalResults: 5,
  startIndex: 1,
  itemsPerPage: 5,
  Resources: [1, 2, 3, 4, 5].map(user),
});
const headers = { 'content-type': 'application/scim+json', 'content-length': Buffer.byteLength(list) };

createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  response.writeHead(200, headers);
  if (request.url?.endsWith('/Users/slow')) response.write(list.slice(0, 1000));
  else response.end(list);
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
