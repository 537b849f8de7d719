import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { sanitizeForDisplay } from '../../text/sanitize.ts';

/** Why a file cannot be used for TLS, and how to make one that can. */
export class TlsFileError extends Error {
  readonly help: string;

  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

/** How long before the end of a certificate it is warned about. Milliseconds. */
const warnBeforeMs = 30 * 86_400_000;

const certificateBlock =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** The certificates of a PEM file, in the file's order: at least one. Throws `TlsFileError`. */
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
        `Copy the file again. What it should look like: openssl x509 -in ${file} -noout -text`,
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
      'Send it to your certificate authority, and use the certificate that comes back.',
    );
  }
  if (has(/-----BEGIN PKCS7-----/)) {
    return new TlsFileError(
      `${file} is a PKCS #7 file, not PEM certificates`,
      `Convert it: openssl pkcs7 -print_certs -in ${file} -out cert.pem`,
    );
  }
  if (has(/-----BEGIN [A-Z ]*PRIVATE KEY-----/)) {
    return new TlsFileError(
      `${file} holds a private key, and no certificate`,
      'Were the two files swapped? --tls-cert takes the certificate, --tls-key its key.',
    );
  }
  if (isDer(bytes)) {
    return isDerCertificate(bytes)
      ? new TlsFileError(
          `${file} is a certificate in DER form, not PEM`,
          `Convert it: openssl x509 -inform der -in ${file} -out cert.pem`,
        )
      : new TlsFileError(
          `${file} is a binary file, not PEM`,
          `If it is PKCS #12 (.pfx, .p12), take it apart: openssl pkcs12 -in ${file} -nokeys -out cert.pem, and openssl pkcs12 -in ${file} -nocerts -nodes -out key.pem. If it is PKCS #7 (.p7b): openssl pkcs7 -inform der -print_certs -in ${file} -out cert.pem`,
        );
  }
  return new TlsFileError(`${file} holds no PEM certificate`, pemHelp);
}

const pemHelp = 'Both files have to be PEM: text that begins with -----BEGIN.';

/** The private key of a PEM file. Throws `TlsFileError`. */
export function readPrivateKey(bytes: Buffer, file: string): KeyObject {
  const text = bytes.toString('latin1');
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text)) {
    throw new TlsFileError(
      `the key in ${file} is encrypted with a passphrase`,
      `Store it without one, readable by this program's user alone: openssl pkey -in ${file} -out key.pem`,
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
      `the key in ${file} is damaged, or of a kind that cannot be read`,
      `Copy the file again. Whether it can be read: openssl pkey -in ${file} -noout`,
    );
  }
  if (/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(text)) {
    return new TlsFileError(
      `${file} holds a certificate, and no private key`,
      'Were the two files swapped? --tls-cert takes the certificate, --tls-key its key.',
    );
  }
  if (isDer(bytes)) {
    return new TlsFileError(
      `${file} is a key in DER form, not PEM`,
      `Convert it: openssl pkey -inform der -in ${file} -out key.pem`,
    );
  }
  return new TlsFileError(`${file} holds no PEM private key`, pemHelp);
}

/** DER begins with a SEQUENCE whose length takes two bytes or more. */
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

/** Throws `TlsFileError` where the first certificate is not the key's, with the reason that it can tell. */
export function assertMatchingKey(certificates: X509Certificate[], key: KeyObject, file: string): void {
  const at = certificates.findIndex((each) => each.checkPrivateKey(key));
  if (at === 0) return;
  if (at > 0) {
    throw new TlsFileError(
      `the key is that of certificate ${at + 1} in ${file}, and the server's own certificate has to be the first`,
      'Put the server’s own certificate first, then the one that signed it, and so on: cat server.pem intermediate.pem > fullchain.pem',
    );
  }
  throw new TlsFileError(
    'the key is not the one of the certificate',
    'The public keys have to be the same: compare "openssl x509 -in CERTIFICATE -noout -pubkey" with "openssl pkey -in KEY -pubout".',
  );
}

export interface CertificateWarning {
  message: string;
  /** Whether clients refuse it already. */
  refused: boolean;
}

/** What is wrong with certificates that can be served: expired, soon to expire, not valid yet, or in a wrong order. */
export function certificateWarnings(certificates: X509Certificate[], now: number): CertificateWarning[] {
  const warnings: CertificateWarning[] = [];
  const warn = (message: string, refused: boolean) => void warnings.push({ message, refused });
  const first = certificates.toSorted((one, other) => +one.validToDate - +other.validToDate)[0];
  if (first !== undefined) {
    const end = first.validToDate;
    const name = sanitizeForDisplay(first.subject.replaceAll('\n', ', '), 100) || 'without a name';
    const days = Math.floor((+end - now) / 86_400_000);
    const renew = 'Renew it; the file is read again when it changes.';
    if (+end <= now) {
      warn(`The certificate ${name} expired on ${day(end)}: clients refuse to connect. ${renew}`, true);
    } else if (+end - now < warnBeforeMs) {
      warn(`The certificate ${name} expires in ${days} days, on ${day(end)}. ${renew}`, false);
    }
  }
  const early = certificates.find(({ validFromDate }) => +validFromDate > now);
  if (early !== undefined) {
    warn(
      `The certificate ${sanitizeForDisplay(early.subject.replaceAll('\n', ', '), 100)} is not valid before ${day(early.validFromDate)}: clients refuse to connect until then. Is this machine's clock right?`,
      true,
    );
  }
  const unrelated = certificates.findIndex((each, at) => {
    const next = certificates[at + 1];
    return next !== undefined && !each.checkIssued(next);
  });
  if (unrelated >= 0) {
    warn(
      `Certificate ${unrelated + 2} in the file did not sign certificate ${unrelated + 1}: some clients will not find the way to the root. Put the server's own first, then the one that signed it, and so on.`,
      false,
    );
  }
  return warnings;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
