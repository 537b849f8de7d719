import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { BrokerError } from '../errors.ts';

/** How often the files are looked at. Watching by events misses the way that Kubernetes swaps them. Milliseconds. */
const lookEveryMs = 2_000;

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
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      throw new Error('the key is not the one of the certificate');
    }
    return { cert, key, minVersion: 'TLSv1.2' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BrokerError(
      'E_TLS',
      `The certificate ${files.certificate} with the key ${files.key} cannot be used: ${reason}.`,
      { help: 'Both have to be PEM files, the key without a passphrase.' },
    );
  }
}

/**
 * Tells of every change of the files that leaves them usable; `failed` of one that does not, such as between the
 * exchange of the one and of the other. Stops when the function that it returns is called.
 */
export function watchTls(
  files: TlsFiles,
  changed: (tls: SecureContextOptions) => void,
  failed: (error: unknown) => void,
  intervalMs = lookEveryMs,
): () => void {
  const paths = [files.certificate, files.key];
  const look = () => {
    try {
      changed(readTls(files));
    } catch (error) {
      failed(error);
    }
  };
  for (const path of paths) watchFile(path, { interval: intervalMs, persistent: false }, look);
  return () => {
    for (const path of paths) unwatchFile(path, look);
  };
}
