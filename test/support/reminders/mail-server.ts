import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { onTestFinished } from 'vitest';

export interface Letter {
  from: string;
  to: string[];
  /** With its lines unfolded. */
  head: string;
  body: string;
  user: unknown;
}

/** A real mail server on this machine, and the mail that it received. */
export async function mailServer(
  options: SMTPServerOptions = {},
): Promise<{ port: number; letters: Letter[] }> {
  const letters: Letter[] = [];
  const server = new SMTPServer({
    authOptional: true,
    // Looking up the name of this machine takes a second and a half without a name server.
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('utf8');
        const cut = raw.indexOf('\r\n\r\n');
        const { mailFrom, rcptTo } = session.envelope;
        letters.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          head: raw.slice(0, cut).replace(/\r\n[ \t]+/g, ' '),
          body: raw.slice(cut),
          user: session.user,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, letters };
}

/** Quoted-printable and base64 parts as they are read. */
export function decoded(body: string): string {
  return body
    .split(/\r\n--[^\r]*/)
    .map((part) => {
      const cut = part.indexOf('\r\n\r\n');
      const content = part.slice(cut + 4);
      if (/base64/i.test(part.slice(0, cut))) return Buffer.from(content, 'base64').toString('utf8');
      const bytes = content
        .replace(/=\r\n/g, '')
        .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
      return Buffer.from(bytes, 'latin1').toString('utf8');
    })
    .join('\n');
}
