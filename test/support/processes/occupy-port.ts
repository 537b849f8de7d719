import { createServer } from 'node:http';

/* Another program that uses a port of one address: ADDRESS PORT. Sends the same response to every request. */
const [address = '', port = ''] = process.argv.slice(2);
createServer((_request, response) => response.end('{"proof":"of nothing"}')).listen(
  { host: address, port: Number(port) },
  () => process.stdout.write('listening\n'),
);
