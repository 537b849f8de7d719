import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { dayMs } from '../../domain/lifetimes.ts';
import { plural } from '../../text/count.ts';
import { shellString } from '../../text/quoting.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';

/** Why a file cannot be used for TLS, and how to fix it. */
export class TlsFileError extends Error {
  readonly help: string;

  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

/** Warn this long before a certificate expires. Milliseconds. */
const warnBeforeMs = 30 * dayMs;

const certificateBlock =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** The certificates of a PEM file in file order, at least one. Throws `TlsFileError`. */
export function readCertificates(bytes: Buffer, file: string): X509Certificate[] {
  const blocks = bytes.toString('latin1').match(certificateBlock);
  if (blocks === null) throw noCertificate(bytes, file);
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch {
      const which = blocks.length === 1 ? 'the certificate' : `certificate ${at + 1}`;
      throw new TlsFileError(
        `${which} in ${file} is damaged`,
        `Copy the file again. To check it: openssl x509 -in ${shellString(file)} -noout -text`,
      );
    }
  });
}

function noCertificate(bytes: Buffer, file: string): TlsFileError {
  const text = bytes.toString('latin1');
  const has = (label: RegExp) => label.test(text);
  if (text.trim() === '') return new TlsFileError(`${file} is empty`, pemHelp);
  if (has(/-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/)) {
    return new TlsFileError(
      `${file} is a signing request, not a certificate`,
      'Send it to your certificate authority and use the certificate that it issues.',
    );
  }
  if (has(/-----BEGIN PKCS7-----/)) {
    return new TlsFileError(
      `${file} is a PKCS #7 file, not PEM certificates`,
      `Convert it: openssl pkcs7 -print_certs -in ${shellString(file)} -out cert.pem`,
    );
  }
  if (has(/-----BEGIN [A-Z ]*PRIVATE KEY-----/)) {
    return new TlsFileError(
      `${file} contains a private key, but no certificate`,
      'Check whether the two files were swapped: the first is the certificate, the second its key.',
    );
  }
  if (isDer(bytes)) {
    return isDerCertificate(bytes)
      ? new TlsFileError(
          `${file} is a certificate in DER form, not PEM`,
          `Convert it: openssl x509 -inform der -in ${shellString(file)} -out cert.pem`,
        )
      : new TlsFileError(
          `${file} is a binary file, not PEM`,
          `If it is PKCS #12 (.pfx, .p12), extract both parts: openssl pkcs12 -in ${shellString(file)} -nokeys -out cert.pem, and openssl pkcs12 -in ${shellString(file)} -nocerts -nodes -out key.pem. If it is PKCS #7 (.p7b): openssl pkcs7 -inform der -print_certs -in ${shellString(file)} -out cert.pem`,
        );
  }
  return new TlsFileError(`${file} contains no PEM certificate`, pemHelp);
}

const pemHelp = 'Both files must be PEM: text that starts with -----BEGIN.';

/** The private key of a PEM file. Throws `TlsFileError`. */
export function readPrivateKey(bytes: Buffer, file: string): KeyObject {
  const text = bytes.toString('latin1');
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text)) {
    throw new TlsFileError(
      `the key in ${file} is encrypted with a passphrase`,
      `Remove the passphrase, and make the file readable only by this program's user: openssl pkey -in ${shellString(file)} -out key.pem`,
    );
  }
  try {
    return createPrivateKey(bytes);
  } catch {
    throw noPrivateKey(bytes, file);
  }
}

function noPrivateKey(bytes: Buffer, file: string): TlsFileError {
  const text = bytes.toString('latin1');
  if (text.trim() === '') return new TlsFileError(`${file} is empty`, pemHelp);
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return new TlsFileError(
      `the key in ${file} is damaged or of an unsupported type`,
      `Copy the file again. To check it: openssl pkey -in ${shellString(file)} -noout`,
    );
  }
  if (/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(text)) {
    return new TlsFileError(
      `${file} contains a certificate, but no private key`,
      'Check whether the two files were swapped: the first is the certificate, the second its key.',
    );
  }
  if (isDer(bytes)) {
    return new TlsFileError(
      `${file} is a key in DER form, not PEM`,
      `Convert it: openssl pkey -inform der -in ${shellString(file)} -out key.pem`,
    );
  }
  return new TlsFileError(`${file} contains no PEM private key`, pemHelp);
}

/** DER starts with a SEQUENCE whose length takes at least two bytes. */
function isDer(bytes: Buffer): boolean {
  return bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80;
}

function isDerCertificate(bytes: Buffer): boolean {
  try {
    new X509Certificate(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Throws `TlsFileError` if the key does not match the first certificate, with the likely reason. */
export function assertMatchingKey(certificates: X509Certificate[], key: KeyObject, file: string): void {
  const at = certificates.findIndex((each) => each.checkPrivateKey(key));
  if (at === 0) return;
  if (at > 0) {
    throw new TlsFileError(
      `the key matches certificate ${at + 1} in ${file}, but the server's own certificate must come first`,
      'Put the server’s own certificate first, then its issuer, and so on: cat server.pem intermediate.pem > fullchain.pem',
    );
  }
  throw new TlsFileError(
    'the key does not match the certificate',
    'The public keys must be the same: compare "openssl x509 -in CERTIFICATE -noout -pubkey" with "openssl pkey -in KEY -pubout".',
  );
}

export interface CertificateWarning {
  message: string;
  /** Whether clients already reject the certificate. */
  rejected: boolean;
}

/** Warnings about usable certificates: expired, expiring soon, not yet valid, or in the wrong order. */
export function certificateWarnings(certificates: X509Certificate[], now: number): CertificateWarning[] {
  const warnings: CertificateWarning[] = [];
  const warn = (message: string, rejected: boolean) => void warnings.push({ message, rejected });
  const first = certificates.toSorted((one, other) => +one.validToDate - +other.validToDate)[0];
  if (first !== undefined) {
    const end = first.validToDate;
    const name = sanitizeForDisplay(first.subject.replaceAll('\n', ', '), 100) || 'without a name';
    const days = Math.floor((+end - now) / dayMs);
    const renew = 'Renew it. The file is reloaded when it changes.';
    if (+end <= now) {
      warn(`The certificate ${name} expired on ${day(end)}, so clients reject it. ${renew}`, true);
    } else if (+end - now < warnBeforeMs) {
      warn(`The certificate ${name} expires in ${plural(days, 'day')}, on ${day(end)}. ${renew}`, false);
    }
  }
  const early = certificates.find(({ validFromDate }) => +validFromDate > now);
  if (early !== undefined) {
    warn(
      `The certificate ${sanitizeForDisplay(early.subject.replaceAll('\n', ', '), 100)} is not valid before ${day(early.validFromDate)}, so clients reject it until then. Check this machine's clock.`,
      true,
    );
  }
  const unrelated = certificates.findIndex((each, at) => {
    const next = certificates[at + 1];
    return next !== undefined && !each.checkIssued(next);
  });
  if (unrelated >= 0) {
    warn(
      `Certificate ${unrelated + 2} in the file did not sign certificate ${unrelated + 1}, so some clients cannot build the chain to the root. Put the server's own certificate first, then its issuer, and so on.`,
      false,
    );
  }
  return warnings;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
