import nodemailer from 'nodemailer';
import { trustedCertificatesHere } from '../http/certificates.ts';
import { type Channel, DeliveredInPart } from './channel.ts';
import { html, plainText } from './mail-body.ts';
import { parseMailServer } from './mail-server.ts';
import type { ReminderSettings } from './variables.ts';

/** Reminders by mail. Null where no mail server is set. */
export function mailChannel({ smtpUrl, mailFrom, mailTo }: ReminderSettings): Channel | null {
  const [first] = mailTo;
  if (smtpUrl === null || first === undefined) return null;
  const { host, port, implicitTls, isLoopback, auth } = parseMailServer(smtpUrl);
  const transport = nodemailer.createTransport({
    host,
    port,
    secure: implicitTls,
    // Nothing is sent in the clear over a network. On this machine nobody stands between, and certificates are made up.
    requireTLS: !implicitTls && !isLoopback,
    tls: {
      rejectUnauthorized: !isLoopback,
      minVersion: 'TLSv1.2',
      ca: isLoopback ? undefined : trustedCertificatesHere(),
    },
    ...(auth !== null && { auth }),
    connectionTimeout: 15_000,
    greetingTimeout: 15_000,
    socketTimeout: 20_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const from = mailFrom ?? first;
  return {
    name: 'mail',
    target: mailTo.join(', '),
    async deliver(message) {
      const { rejected, rejectedErrors = [] } = await transport.sendMail({
        from,
        ...recipients(message.contact, mailTo),
        subject: message.subject,
        messageId: `<${message.id}@${domainOf(from)}>`,
        text: plainText(message),
        html: html(message),
        // RFC 3834: no out-of-office notice wants to answer it.
        headers: { 'Auto-Submitted': 'auto-generated' },
        priority: ['expired', 'rejected', 'quarantine'].includes(message.occasion) ? 'high' : 'normal',
      });
      if (rejected.length > 0) {
        const message = `the mail server refused ${rejected.map(addressOf).join(', ')}`;
        // RFC 5321 §4.2.1: 5yz is for good.
        const forGood = rejectedErrors.every(({ responseCode = 0 }) => responseCode >= 500);
        throw forGood ? new DeliveredInPart(message) : new Error(message);
      }
    },
    close: () => transport.close(),
  };
}

/** To the profile's own contact, and to those who hear of all of them. */
function recipients(contact: string | null, all: string[]): { to: string[]; cc?: string[] } {
  if (contact === null || all.includes(contact)) return { to: all };
  return { to: [contact], cc: all };
}

function domainOf(from: string): string {
  return /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? 'localhost';
}

function addressOf(recipient: string | { address: string }): string {
  return typeof recipient === 'string' ? recipient : recipient.address;
}
