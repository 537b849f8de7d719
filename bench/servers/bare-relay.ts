import { Agent, createServer, request } from 'node:http';

/** What Node can do at most as a relay: no authentication, no audit row, no check of anything. */
const [port = '0', upstream = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
createServer((incoming, outgoing) => {
  const { method, headers } = incoming;
  const onward = request(`${upstream}${incoming.url}`, { method, headers, agent }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  incoming.pipe(onward);
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
