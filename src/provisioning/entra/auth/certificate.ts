import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { importPKCS8 } from 'jose';
import { BrokerError } from '../../../errors/broker-error.ts';
import { readTextFile } from '../../../text/decode-text.ts';

/** A certificate with which an application signs in. */
export interface ClientCertificate {
  key: CryptoKey;
  /** `x5t`, the SHA-1 thumbprint, and `x5t#S256`, the SHA-256 one: both base64url (RFC 7515 §4.1.7 and §4.1.8). */
  thumbprints: { x5t: string; 'x5t#S256': string };
}

/** Reads a PEM file with a certificate and its RSA private key, as the Azure SDKs do. Throws `E_CERTIFICATE`. */
export async function readClientCertificate(path: string): Promise<ClientCertificate> {
  const pem = read(path);
  const privateKey = keyIn(pem, path);
  const certificate = certificateOf(pem, privateKey, path);
  return {
    key: await importPKCS8(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'PS256'),
    thumbprints: {
      x5t: thumbprint(certificate.fingerprint),
      'x5t#S256': thumbprint(certificate.fingerprint256),
    },
  };
}

function read(path: string): string {
  try {
    return readTextFile(path, 'E_CERTIFICATE');
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(path, code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`);
  }
}

function keyIn(pem: string, path: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw unusable(path, 'has no readable private key; a key with a passphrase is not supported');
  }
  if (key.asymmetricKeyType === 'rsa') return key;
  throw unusable(path, 'has a private key that is not RSA, which Entra ID requires');
}

/** Finds the certificate of the private key. The file may contain the whole chain. */
function certificateOf(pem: string, key: KeyObject, path: string): X509Certificate {
  for (const [block] of pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)) {
    try {
      const certificate = new X509Certificate(block);
      if (certificate.checkPrivateKey(key)) return certificate;
    } catch {
      throw unusable(path, 'has an unreadable certificate');
    }
  }
  throw unusable(path, 'has no certificate for its private key');
}

function thumbprint(fingerprint: string): string {
  return Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
}

function unusable(path: string, reason: string): BrokerError {
  return new BrokerError('E_CERTIFICATE', `AZURE_CLIENT_CERTIFICATE_PATH: the file ${path} ${reason}.`, {
    help: 'Use a PEM file with the certificate and its private key. To convert a .pfx file: openssl pkcs12 -in FILE.pfx -out FILE.pem -nodes',
  });
}
