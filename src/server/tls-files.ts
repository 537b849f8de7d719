import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
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
  let last = stateOf(files);
  // Not `watchFile`: it takes its first look some time later, and what changes until then it never tells.
  const timer = setInterval(() => {
    const state = stateOf(files);
    if (state === last) return;
    last = state;
    try {
      changed(readTls(files));
    } catch (error) {
      failed(error);
    }
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Another one whenever either file was written or exchanged. */
function stateOf({ certificate, key }: TlsFiles): string {
  const states = [certificate, key].map((path) => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mtimeNs}`;
  });
  return states.join();
}
