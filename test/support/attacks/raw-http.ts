import { connect } from 'node:net';

export interface RawAnswer {
  /** 0 where the connection ended without an answer. */
  status: number;
  /** Names in lower case; of one that is there twice, the values joined. */
  headers: Record<string, string>;
  body: string;
  /** Every byte of it, as latin1. */
  raw: string;
}

/** Sends the bytes as they are (latin1), and reads until the server ends the connection, or `untilMs` are over. */
export function sendRaw(
  port: number,
  bytes: string,
  { host = '127.0.0.1', untilMs = 5_000 } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host, port });
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parse(Buffer.concat(chunks).toString('latin1')));
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end of the answer to ${JSON.stringify(bytes.slice(0, 100))}`));
    }, untilMs);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A reset may come where the server closes while more is being sent.
    socket.on('error', end);
    socket.on('close', end);
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

function parse(raw: string): RawAnswer {
  const end = raw.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = raw.slice(0, end === -1 ? raw.length : end).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? 0);
  return { status, headers, body: end === -1 ? '' : raw.slice(end + 4), raw };
}
