import { Agent, createServer, request } from 'node:http';

/** The most that Node can do as a relay: no authentication, no audit row, no checks. */
const [port = '0', upstream = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
createServer((incoming, outgoing) => {
  const { method, headers } = incoming;
  const forwarded = request(`${upstream}${incoming.url}`, { method, headers, agent }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  incoming.pipe(forwarded);
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
