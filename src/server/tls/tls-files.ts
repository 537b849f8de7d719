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

/** How often the files are looked at. Watching by events misses the way that Kubernetes swaps them. Milliseconds. */
const checkIntervalMs = 2_000;

export interface TlsFiles {
  /** PEM: the certificate, then those that lead to its root. */
  certificate: string;
  /** PEM. */
  key: string;
}

/** Reads certificate and key. Throws `E_TLS` where they cannot be used, or do not belong together. */
export function readTls(files: TlsFiles): SecureContextOptions {
  try {
    const cert = readFileSync(files.certificate);
    const key = readFileSync(files.key);
    assertMatchingKey(
      readCertificates(cert, files.certificate),
      readPrivateKey(key, files.key),
      files.certificate,
    );
    const options = { cert, key, minVersion: 'TLSv1.2' } as const;
    // OpenSSL refuses some only here, such as a key that is too short.
    createSecureContext(options);
    return options;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BrokerError(
      'E_TLS',
      `The certificate ${files.certificate} with the key ${files.key} cannot be used: ${reason}.`,
      {
        help:
          error instanceof TlsFileError
            ? error.help
            : 'Both have to be PEM files that this program’s user can read, the key without a passphrase.',
      },
    );
  }
}

/** What is wrong with the certificate although it can be served. `now` in epoch milliseconds. Throws where it cannot be read. */
export function tlsWarnings({ certificate }: TlsFiles, now: number): CertificateWarning[] {
  return certificateWarnings(readCertificates(readFileSync(certificate), certificate), now);
}

/**
 * Tells of every change of the files that leaves them usable; `failed` of one that does not, such as between the
 * exchange of the one and of the other, or of files that cannot be read. Those are tried again until they can be, and
 * reported once for each reason. Stops when the function that it returns is called.
 */
export function watchTls(
  files: TlsFiles,
  changed: (tls: SecureContextOptions) => void,
  failed: (error: unknown) => void,
  intervalMs = checkIntervalMs,
): () => void {
  let used = '';
  let lastReason: string | null = null;
  const look = (read: () => void) => {
    try {
      read();
      lastReason = null;
    } catch (error) {
      const reason = String(error);
      if (reason !== lastReason) failed(error);
      lastReason = reason;
    }
  };
  look(() => {
    used = stateOf(files);
  });
  // Not `watchFile`: it takes its first look some time later, and what changes until then it never tells.
  const timer = setInterval(() => {
    look(() => {
      const state = stateOf(files);
      if (state === used) return;
      changed(readTls(files));
      used = state;
    });
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Another one whenever either file was written or exchanged. Throws where one cannot be looked at. */
function stateOf({ certificate, key }: TlsFiles): string {
  const states = [certificate, key].map((path) => {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  });
  return states.join();
}
