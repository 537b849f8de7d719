import { connect, createServer, type Socket } from 'node:net';

/*
 * PORT TARGET MILLISECONDS: passes TCP connections on to the local port TARGET, and holds back every byte for so long in each
 * direction, as a network between two hosts does. Bytes that are under way do not delay those behind them.
 */
const [port = '0', target = '0', delayMs = '1'] = process.argv.slice(2).map(Number);

function pass(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on('data', (bytes) => {
    const due = performance.now() + Number(delayMs);
    // A timer of one millisecond fires up to one millisecond late, so the last part is waited for turn by turn.
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
  pass(client, database);
  pass(database, client);
});
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
