import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { BrokerError } from '../../errors/broker-error.ts';
import {
  assertMatchingKey,
  type CertificateWarning,
  certificateWarnings,
  readCertificates,
  readPrivateKey,
  TlsFileError,
} from './certificate.ts';

/** How often the files are checked. File system events do not detect how Kubernetes replaces them. Milliseconds. */
const checkIntervalMs = 2_000;

export interface TlsFiles {
  /** PEM: the certificate, then its chain up to the root. */
  certificate: string;
  /** PEM. */
  key: string;
}

/** Reads the certificate and the key. Throws `E_TLS` if they are unusable or do not match. */
export function readTls(files: TlsFiles): SecureContextOptions & Contents {
  try {
    const { cert, key } = contentsOf(files);
    assertMatchingKey(
      readCertificates(cert, files.certificate),
      readPrivateKey(key, files.key),
      files.certificate,
    );
    const options = { cert, key, minVersion: 'TLSv1.2' } as const;
    // OpenSSL rejects some files only here, for example a key that is too short.
    createSecureContext(options);
    return options;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BrokerError(
      'E_TLS',
      `The certificate ${files.certificate} and the key ${files.key} cannot be used: ${reason}.`,
      {
        help:
          error instanceof TlsFileError
            ? error.help
            : 'Both must be PEM files that the user of this program can read. The key must not have a passphrase.',
      },
    );
  }
}

/** Warnings about a certificate that can be served. `now` in epoch milliseconds. Throws if it cannot be read. */
export function tlsWarnings({ certificate }: TlsFiles, now: number): CertificateWarning[] {
  return certificateWarnings(readCertificates(readFileSync(certificate), certificate), now);
}

/**
 * Calls `changed` once after every change of the contents that leaves the files usable, and `failed` after one that does not,
 * for example when only one of them has been replaced, or one cannot be read. Unusable files are retried until they are
 * usable, which is reported with `changed`, and each reason is reported once. The returned function stops watching.
 */
export function watchTls(
  files: TlsFiles,
  changed: (tls: SecureContextOptions) => void,
  failed: (error: unknown) => void,
  intervalMs = checkIntervalMs,
): () => void {
  let used = '';
  /** What both files contained then. They may change again between the look at their state and reading them. */
  let contents: Contents | null = null;
  let lastReason: string | null = null;
  const check = (read: () => void) => {
    try {
      read();
      lastReason = null;
    } catch (error) {
      const reason = String(error);
      if (reason !== lastReason) failed(error);
      lastReason = reason;
    }
  };
  check(() => {
    const state = stateOf(files);
    contents = contentsOf(files);
    used = state;
  });
  // Not `watchFile`: its first check comes some time later, and it never reports changes before that.
  const timer = setInterval(() => {
    check(() => {
      const state = stateOf(files);
      if (state === used) return;
      const tls = readTls(files);
      if (lastReason !== null || contents === null || !isSame(tls, contents)) changed(tls);
      contents = tls;
      used = state;
    });
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

interface Contents {
  cert: Buffer;
  key: Buffer;
}

function contentsOf({ certificate, key }: TlsFiles): Contents {
  return { cert: readFileSync(certificate), key: readFileSync(key) };
}

function isSame(one: Contents, other: Contents): boolean {
  return one.cert.equals(other.cert) && one.key.equals(other.key);
}

/** Changes whenever either file was written or replaced. Throws if one cannot be read. */
function stateOf({ certificate, key }: TlsFiles): string {
  const states = [certificate, key].map((path) => {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  });
  return states.join();
}
