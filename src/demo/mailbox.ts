import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Mailbox {
  /** For `WEBEX_TOKEN_SMTP_URL`. */
  smtpUrl: string;
  close(): Promise<void>;
}

/** A mail server on this machine that accepts every mail and stores none; `onMail` gets the subject. */
export async function startMailbox(onMail: (subject: string) => void): Promise<Mailbox> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, _session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const [, subject = 'a mail'] = /^Subject: (.*)$/im.exec(Buffer.concat(parts).toString()) ?? [];
        onMail(subject.trim());
        done();
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    smtpUrl: `smtp://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
