import { createServer } from 'node:http';

/* Another program that holds a port of one address: ADDRESS PORT. Answers every request alike. */
const [address = '', port = ''] = process.argv.slice(2);
createServer((_request, response) => response.end('{"proof":"of nothing"}')).listen(
  { host: address, port: Number(port) },
  () => process.stdout.write('listening\n'),
);
