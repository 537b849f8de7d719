import { domainToASCII } from 'node:url';
import { BrokerError } from '../errors/broker-error.ts';
import { isLoopback } from '../http/secure-url.ts';

/** A mail server, parsed from `WEBEX_TOKEN_SMTP_URL`. */
export interface MailServer {
  /** A host name in its ASCII form, or an IP address without brackets. */
  host: string;
  port: number;
  /** Whether the connection starts with TLS. If not, STARTTLS is used. */
  implicitTls: boolean;
  isLoopback: boolean;
  /** Null if the server requires no authentication. */
  auth: { user: string; pass: string } | null;
}

export const mailServerExample = 'smtps://user:password@smtp.example.com:465';

/** RFC 8314 §7.3: port 465 starts with TLS. RFC 6409 and RFC 5321: ports 587 and 25 start without. */
const implicitTlsPort = 465;
const plainPorts = [25, 587];

/** Parses the address of a mail server. Throws `E_MAIL_SERVER`, whose message never repeats the address and its password. */
export function parseMailServer(text: string): MailServer {
  if (!/^smtps?:\/\//i.test(text)) throw refusal('does not start with smtps:// or smtp://');
  const url = /[\s\p{Cc}]/u.test(text) ? null : URL.parse(text);
  if (url === null || url.hostname === '' || !/^\/?$/.test(url.pathname + url.search + url.hash)) {
    throw refusal(
      'does not have the form smtps://USER:PASSWORD@HOST:PORT. In a password, write @ : / # ? % as %40 %3A %2F %23 %3F %25',
    );
  }
  const implicitTls = url.protocol === 'smtps:';
  const host = hostOf(url);
  const port = url.port === '' ? (implicitTls ? implicitTlsPort : 587) : Number(url.port);
  if (port === 0) throw refusal('has port 0');
  if (implicitTls && plainPorts.includes(port)) throw refusal(startsWithoutTls(host, port));
  if (!implicitTls && port === implicitTlsPort) throw refusal(startsWithTls(host, port));
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port,
    implicitTls,
    isLoopback: isLoopback(host),
    auth: authOf(url),
  };
}

/** The problem and the fix if smtps:// is set but the server does not start with TLS. */
export function startsWithoutTls(host: string, port: number): string {
  return `has smtps://, but ${host}:${port} starts without TLS. Use smtp://…:${port} (with STARTTLS), or smtps:// with port ${implicitTlsPort}`;
}

/** The same if smtp:// is set but the server starts with TLS. */
export function startsWithTls(host: string, port: number): string {
  return `has smtp://, but ${host}:${port} starts with TLS. Use smtps://…:${port}`;
}

/** The URL parser does not validate the host of an unknown scheme, so it is parsed again as the host of an https address. */
function hostOf(url: URL): string {
  const name = decoded(url.hostname);
  const host = name.startsWith('[') ? name : domainToASCII(name);
  const checked = URL.parse(`https://${host}`);
  if (host === '' || checked === null || checked.pathname !== '/' || checked.host !== checked.hostname) {
    throw refusal('has an invalid host name');
  }
  return checked.hostname;
}

function authOf(url: URL): MailServer['auth'] {
  const user = decoded(url.username);
  const pass = decoded(url.password);
  if (user === '' && pass === '') return null;
  if (user === '' || pass === '') {
    throw refusal(user === '' ? 'has a password without a user' : 'has a user without a password');
  }
  return { user, pass };
}

function decoded(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    throw refusal('contains a % that does not start an escaped character; write a literal % as %25');
  }
  // SASL separates user and password with a null character, and SMTP separates lines with CR LF.
  if (/\p{Cc}/u.test(plain)) throw refusal('contains a control character in user, password or host');
  return plain;
}

function refusal(reason: string): BrokerError {
  return new BrokerError('E_MAIL_SERVER', `The address of the mail server ${reason}.`, {
    help: `For example ${mailServerExample}`,
  });
}
