import nodemailer from 'nodemailer';
import {
  type MailServer,
  parseMailServer,
  startsWithoutTls,
  startsWithTls,
} from '../../config/mail-server.ts';
import type { ReminderSettings } from '../../config/reminder-settings.ts';
import { processCertificates } from '../../http/connect/certificates.ts';
import { companyAuthorityHelp } from '../../http/connect/connect-failure.ts';
import { digestOf } from '../digest.ts';
import type { ReminderMessage } from '../message.ts';
import { type Channel, ChannelTimeout, PartialDelivery } from './channel.ts';
import { type MailAddress, mailAddress, parseSender } from './mail-address.ts';
import { digestHtml, digestText, html, plainText } from './mail-body.ts';
import { speaksTls } from './speaks-tls.ts';

/** Timeout for the connection and the server's greeting. Milliseconds. */
const greetingTimeoutMs = 60_000;
/**
 * Timeout for each reply. RFC 5321 §4.5.3.2.6: a server may take ten minutes to accept a message, and a client that gives up
 * earlier sends the message twice.
 */
const answerTimeoutMs = 10 * 60_000;
/** Timeout for a message to all its recipients. Milliseconds. */
const messageTimeoutMs = 20 * 60_000;

/**
 * Reminders by mail. Null if no mail server is set up. A server that sends nothing for `silenceMs` (milliseconds) may be
 * waiting for a TLS handshake, to which it then has to respond within `tlsProbeMs` (milliseconds). Tests pass other
 * certificates.
 */
export function mailChannel(
  { smtpUrl, mailFrom, mailTo }: ReminderSettings,
  { silenceMs = 5_000, tlsProbeMs = 5_000, certificates = processCertificates } = {},
): Channel | null {
  if (smtpUrl === null || mailTo.length === 0) return null;
  const { host, port, implicitTls, isLoopback, auth } = parseMailServer(smtpUrl);
  const transport = nodemailer.createTransport({
    host,
    port,
    secure: implicitTls,
    // Always encrypted over a network. On this machine, no one can intercept, and certificates are self-signed.
    requireTLS: !implicitTls && !isLoopback,
    tls: {
      rejectUnauthorized: !isLoopback,
      minVersion: 'TLSv1.2',
      ca: isLoopback ? undefined : certificates(),
    },
    ...(auth !== null && { auth }),
    connectionTimeout: greetingTimeoutMs,
    greetingTimeout: greetingTimeoutMs,
    socketTimeout: answerTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const from = senderOf(mailFrom, mailTo);
  /** The extensions of the server, once it has accepted a message. */
  const known: { offers: string[] | null } = { offers: null };

  /** Sends one message to these recipients. */
  const send: Send = async (letter, to) => {
    const sending = transport.sendMail({
      from,
      envelope: { from: from.address, to: to.map(({ envelope }) => envelope) },
      ...headersOf(letter.contact, to),
      subject: letter.subject,
      // The same for each attempt: if it is unknown whether a message was accepted, it is sent again and recognized by its ID.
      messageId: `<${letter.id}@${domainOf(from.address)}>`,
      text: letter.text,
      html: letter.html,
      // RFC 3834: suppresses out-of-office replies.
      headers: { 'Auto-Submitted': 'auto-generated' },
      priority: letter.isUrgent ? 'high' : 'normal',
    });
    return await (implicitTls ? sending : failIfTlsExpected(sending, host, port, { silenceMs, tlsProbeMs }));
  };

  const deliverTo = async (letter: Letter, recipients: readonly string[], deliveredTo: readonly string[]) => {
    const wanted = recipients.map(mailAddress);
    const refusals = await sendToAll(send, letter, wanted, known).catch((error: unknown) => {
      const explained = explainError(error, host, port);
      explained.message = withoutCredentials(explained.message, auth);
      explained.cause ??= error;
      throw explained;
    });
    if (refusals.length === 0) return;
    const reached = wanted.filter((address) => !refusals.some((refusal) => refusal.address === address));
    throw new PartialDelivery(
      withoutCredentials(refusals.map(({ reason }) => reason).join('; '), auth),
      [...deliveredTo, ...reached.map(({ written }) => written)],
      refusals.some(({ isPermanent }) => !isPermanent),
    );
  };
  const recipientsOf = ({ contact }: ReminderMessage) => [
    ...new Set(contact === null ? mailTo : [contact, ...mailTo]),
  ];

  return {
    name: 'mail',
    target: mailTo.join(', '),
    timeoutMs: messageTimeoutMs,
    deliver: (message, deliveredTo = []) => {
      const wanted = recipientsOf(message).filter((address) => !deliveredTo.includes(address));
      return deliverTo(letterOf([message]), wanted, deliveredTo);
    },
    digest: {
      recipientsOf,
      // Other recipients get separate emails, so a permanent rejection concerns only these recipients and is not retried.
      deliver: (messages, recipients) =>
        deliverTo(letterOf(messages), recipients, []).catch((error: unknown) => {
          const { cause } = error as Error;
          if (!isPermanentRefusal(cause)) throw error;
          throw new PartialDelivery(`${recipients.join(', ')}: ${(error as Error).message}`, [], false);
        }),
    },
    close: () => transport.close(),
  };
}

/** The part of nodemailer's result for an accepted message that is used here. */
type Accepted = Pick<MailError, 'rejectedErrors'> & {
  /** The extensions of the server, one in each line. */
  ehlo?: string[];
};

/** The content of an email, independent of its recipients. */
interface Letter {
  id: string;
  subject: string;
  text: string;
  html: string;
  isUrgent: boolean;
  /** The recipient in `To`; the others get a copy. */
  contact: string | null;
}

function letterOf(messages: readonly ReminderMessage[]): Letter {
  const [first] = messages;
  const isUrgent = messages.some(({ trigger }) => ['expired', 'rejected', 'quarantine'].includes(trigger));
  if (first !== undefined && messages.length === 1) {
    const { id, subject, contact } = first;
    return { id, subject, contact, text: plainText(first), html: html(first), isUrgent };
  }
  const digest = digestOf(messages);
  const { id, subject } = digest;
  return { id, subject, contact: null, text: digestText(digest), html: digestHtml(digest), isUrgent };
}

type Send = (letter: Letter, to: readonly MailAddress[]) => Promise<Accepted>;

/** A recipient that did not get the message, and why. */
interface Refusal {
  address: MailAddress;
  reason: string;
  isPermanent: boolean;
}

/**
 * Sends a message to everyone, so that one rejected recipient does not prevent the others from getting it. Each recipient whose
 * address needs SMTPUTF8 gets a separate message, because a server or relay without it rejects the whole message. Throws if
 * the server fails.
 */
async function sendToAll(
  send: Send,
  letter: Letter,
  to: readonly MailAddress[],
  known: { offers: string[] | null },
): Promise<Refusal[]> {
  const plain = to.filter(({ needsSmtpUtf8 }) => !needsSmtpUtf8);
  const sent = plain.length === 0 ? null : await sendTogether(send, letter, plain);
  const refusals = sent?.refusals ?? [];
  known.offers = sent?.offers ?? known.offers;
  const { offers } = known;
  for (const address of to.filter(({ needsSmtpUtf8 }) => needsSmtpUtf8)) {
    if (offers !== null && !offers.some((line) => /^SMTPUTF8\b/i.test(line))) {
      const reason = `${address.written} is not ASCII, and the mail server does not offer SMTPUTF8`;
      refusals.push({ address, reason, isPermanent: true });
    } else {
      refusals.push(...(await sendAlone(send, letter, address, plain.length > 0)));
    }
  }
  return refusals;
}

/** The extensions of the server are known only if it accepted the message. */
async function sendTogether(
  send: Send,
  letter: Letter,
  to: readonly MailAddress[],
): Promise<{ refusals: Refusal[]; offers: string[] | null }> {
  try {
    const info = await send(letter, to);
    return { refusals: refusalsIn(info, to), offers: info.ehlo ?? null };
  } catch (error) {
    const { code, command, responseCode = 0 } = error as MailError;
    const refused = refusalsIn(error as MailError, to);
    if (refused.length === to.length) return { refusals: refused, offers: null };
    // Some servers reject the whole message because of one recipient, so it is then sent to each recipient separately.
    const isRefusal =
      responseCode >= 500 && (code === 'EMESSAGE' || command === 'RCPT TO' || command === 'DATA');
    if (!isRefusal || to.length === 1) throw error;
    const refusals: Refusal[] = [];
    for (const address of to) refusals.push(...(await sendAlone(send, letter, address, true)));
    // Then the recipients are not the reason.
    if (refusals.length === to.length) throw error;
    return { refusals, offers: null };
  }
}

/** `othersToo`: a failure concerns only this recipient, because the server accepted the message for others. */
async function sendAlone(
  send: Send,
  letter: Letter,
  address: MailAddress,
  othersToo: boolean,
): Promise<Refusal[]> {
  try {
    return refusalsIn(await send(letter, [address]), [address]);
  } catch (error) {
    const refused = refusalsIn(error as MailError, [address]);
    if (refused.length > 0 || !othersToo) {
      if (refused.length === 0) throw error;
      return refused;
    }
    const { responseCode = 0, message: reason } = error as MailError;
    return [{ address, reason: `${address.written}: ${reason}`, isPermanent: responseCode >= 500 }];
  }
}

interface MailError extends Error {
  code?: string;
  command?: string;
  responseCode?: number;
  rejected?: readonly unknown[];
  rejectedErrors?: readonly { recipient?: string; responseCode?: number; response?: string }[];
}

function refusalsIn(
  { rejectedErrors = [] }: Pick<MailError, 'rejectedErrors'>,
  to: readonly MailAddress[],
): Refusal[] {
  return rejectedErrors.flatMap(({ recipient, responseCode = 0, response = 'no reason' }) => {
    const address = to.find(({ envelope }) => envelope === recipient);
    if (address === undefined) return [];
    const reason = `the mail server rejected ${address.written} (${response})`;
    // RFC 5321 §4.2.1: 5yz is permanent.
    return [{ address, reason, isPermanent: responseCode >= 500 }];
  });
}

/** Resolves like `sending`, but rejects as soon as a server that sends nothing turns out to wait for TLS. */
async function failIfTlsExpected(
  sending: Promise<Accepted>,
  host: string,
  port: number,
  { silenceMs, tlsProbeMs }: { silenceMs: number; tlsProbeMs: number },
): Promise<Accepted> {
  let timer: NodeJS.Timeout | undefined;
  const waitsForTls = new Promise<never>((_, reject) => {
    timer = setTimeout(async () => {
      if (!(await speaksTls(host, port, tlsProbeMs))) return;
      reject(new ChannelTimeout(`the address of the mail server ${startsWithTls(host, port)}`));
    }, silenceMs);
  });
  try {
    return await Promise.race([sending, waitsForTls]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the server rejected this message or its envelope, not the connection or the sign-in. */
function isPermanentRefusal(error: unknown): boolean {
  const { code, command, responseCode = 0 } = (error ?? {}) as MailError;
  const isAboutMessage =
    code === 'EMESSAGE' ||
    (code === 'EENVELOPE' && (command === 'RCPT TO' || command === 'MAIL FROM' || command === 'DATA'));
  return responseCode >= 500 && isAboutMessage;
}

/** Removes credentials that a server repeats in its error, also in the encodings of SMTP authentication. */
function withoutCredentials(message: string, auth: MailServer['auth']): string {
  if (auth === null) return message;
  const { user, pass } = auth;
  const encoded = [pass, `\0${user}\0${pass}`].map((text) => Buffer.from(text).toString('base64'));
  return [...encoded, pass].reduce((text, secret) => text.replaceAll(secret, '…'), message);
}

/** Recognized by the message, because nodemailer replaces the code. */
const networkProblems: [pattern: RegExp, problem: (server: string) => string][] = [
  [
    /certificate (has expired|is not yet valid)/,
    (server) => `the certificate of ${server} is not valid at this time. Check this machine’s clock`,
  ],
  [
    /^Hostname\/IP does not match/,
    (server) => `the certificate of ${server} is for another host name. Use the name in the certificate`,
  ],
  [
    /\b(ENOTFOUND|EAI_AGAIN)\b|^DNS lookup for .* timed out/,
    (server) => `${server} could not be found by its name`,
  ],
  [
    /\b(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)\b/,
    (server) => `${server} refused the connection, or a firewall blocks it`,
  ],
  [
    /\b(ECONNRESET|EPIPE)\b|[Cc]onnection closed|closed the connection/,
    (server) => `${server} closed the connection`,
  ],
];

/** Replaces the messages of nodemailer that do not say what to do. */
function explainError(error: unknown, host: string, port: number): Error {
  const { code, command, message = String(error) } = error as MailError;
  const server = `the mail server ${host}:${port}`;
  if (/wrong version number|packet length too long|http request/i.test(message)) {
    return new Error(`the address of the mail server ${startsWithoutTls(host, port)}`, { cause: error });
  }
  if (code === 'ETIMEDOUT') {
    return new ChannelTimeout(`${server} did not respond in time`, { cause: error });
  }
  if (command === 'STARTTLS' && code === 'ETLS' && /^Error upgrading/.test(message)) {
    return new Error(
      `${server} does not offer TLS, so nothing was sent. Use its port for TLS, usually smtps://…:465 (${message})`,
      { cause: error },
    );
  }
  const network = networkProblems.find(([pattern]) => pattern.test(message))?.[1];
  if (network !== undefined) return new Error(`${network(server)} (${message})`, { cause: error });
  // Recognized by OpenSSL's message, because nodemailer replaces its code.
  if (/self.signed certificate|unable to (get|verify) /i.test(message)) {
    return new Error(
      `the certificate of ${server} is not trusted on this machine (${message}). ${companyAuthorityHelp}`,
      { cause: error },
    );
  }
  return error instanceof Error ? error : new Error(message);
}

/** The configured sender, or else a recipient, preferably one whose address every mail server accepts as a sender. */
function senderOf(mailFrom: string | null, mailTo: readonly string[]): { name: string; address: string } {
  if (mailFrom !== null) return parseSender(mailFrom);
  const all = mailTo.map(mailAddress);
  const address = all.find(({ needsSmtpUtf8 }) => !needsSmtpUtf8) ?? all[0];
  return { name: '', address: address?.envelope ?? '' };
}

/** To the contact of the profile, with a copy to the recipients of all reminders. */
function headersOf(contact: string | null, to: readonly MailAddress[]): { to: string[]; cc?: string[] } {
  const own = to.filter(({ written }) => written === contact).map(({ envelope }) => envelope);
  const others = to.filter(({ written }) => written !== contact).map(({ envelope }) => envelope);
  if (own.length === 0 || others.length === 0) return { to: [...own, ...others] };
  return { to: own, cc: others };
}

function domainOf(from: string): string {
  return /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? 'localhost';
}
