import { connect } from 'node:net';
import { stepHangsMs } from '../hang-limits.ts';

export interface RawResponse {
  /** 0 if the connection ended without a response. */
  status: number;
  /** Names in lower case; the values of a repeated header are joined. */
  headers: Record<string, string>;
  body: string;
  /** All bytes, as latin1. */
  raw: string;
}

/**
 * Sends the bytes (latin1) unchanged, and reads until the server ends the connection. Fails only if the server hangs: on a busy
 * machine, its first page takes seconds.
 */
export function sendRaw(port: number, bytes: string, { host = '127.0.0.1' } = {}): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host, port, allowHalfOpen: true });
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parse(Buffer.concat(chunks).toString('latin1')));
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end of the answer to ${JSON.stringify(bytes.slice(0, 100))}`));
    }, stepHangsMs);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // Otherwise the system lists the connection for another minute, and the server reads that list for each new connection.
    socket.on('end', () => socket.resetAndDestroy());
    // The server may reset the connection while more bytes are being sent.
    socket.on('error', end);
    socket.on('close', end);
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

function parse(raw: string): RawResponse {
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
