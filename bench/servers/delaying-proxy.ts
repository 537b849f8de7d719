import { connect, createServer, type Socket } from 'node:net';

/*
 * PORT TARGET MILLISECONDS: forwards TCP connections to the local port TARGET, and delays every byte in each direction, like a
 * network between two hosts. Delayed bytes do not block later ones.
 */
const [port = '0', target = '0', delayMs = '1'] = process.argv.slice(2).map(Number);

function forward(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on('data', (bytes) => {
    const due = performance.now() + Number(delayMs);
    // A timer of one millisecond fires up to one millisecond late, so this checks the time in each turn of the event loop instead.
    const send = () => {
      if (performance.now() >= due) to.write(bytes);
      else setImmediate(send);
    };
    send();
  });
  from.on('end', () => setTimeout(() => to.end(), Number(delayMs) + 1));
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}

const server = createServer((client) => {
  const database = connect(Number(target), '127.0.0.1');
  forward(client, database);
  forward(database, client);
});
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
