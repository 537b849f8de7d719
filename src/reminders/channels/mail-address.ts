import { domainToASCII } from 'node:url';

/** An email address as it was entered, and in the form that SMTP accepts. */
export interface MailAddress {
  written: string;
  /** With an internationalized domain in its ASCII form (RFC 5891), which every mail server accepts. */
  envelope: string;
  /** Whether the part before the @ is not ASCII, so that the mail server has to support SMTPUTF8 (RFC 6531). */
  needsSmtpUtf8: boolean;
}

export function mailAddress(written: string): MailAddress {
  const at = written.lastIndexOf('@');
  const local = written.slice(0, at);
  // Empty if it is not a domain: then the mail server rejects the address.
  const domain = domainToASCII(written.slice(at + 1)) || written.slice(at + 1);
  const envelope = `${local}@${domain}`;
  return { written, envelope, needsSmtpUtf8: /[^\x20-\x7e]/.test(envelope) };
}

/**
 * Parses `WEBEX_TOKEN_MAIL_FROM`: an address, or a name and an address in angle brackets. The name is separated here,
 * because a comma, a colon or a quotation mark in the name would be parsed as header syntax.
 */
export function parseSender(text: string): { name: string; address: string } {
  const [, name, address] = /^(.*?)\s*<([^<>]+)>\s*$/s.exec(text) ?? [];
  if (name === undefined || address === undefined)
    return { name: '', address: mailAddress(text.trim()).envelope };
  const quoted = /^"(.*)"$/s.exec(name.trim())?.[1];
  return {
    name: (quoted?.replace(/\\(.)/gs, '$1') ?? name.trim()).replace(/\p{Cc}+/gu, ' '),
    address: mailAddress(address.trim()).envelope,
  };
}
