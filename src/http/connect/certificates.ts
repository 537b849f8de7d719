import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { environmentWithDotEnv } from '../../environment/environment.ts';
import { ConnectFailure } from './connect-failure.ts';

type Environment = Readonly<NodeJS.Dict<string>>;

/**
 * Every trusted certificate authority, in PEM: those of Node and of the system, and those in NODE_EXTRA_CA_CERTS,
 * SSL_CERT_FILE and SSL_CERT_DIR. Reading those of the system takes about 100 ms. Throws `ConnectFailure` if a configured
 * file cannot be used.
 */
export function trustedCertificates(environment: Environment): string[] {
  return [
    ...new Set([
      ...getCACertificates('default'),
      ...getCACertificates('system'),
      ...certificatesIn(environment, 'NODE_EXTRA_CA_CERTS'),
      ...certificatesIn(environment, 'SSL_CERT_FILE'),
      ...(environment.SSL_CERT_DIR ?? '').split(delimiter).filter(Boolean).flatMap(certificatesInFolder),
    ]),
  ];
}

let certificatesOfProcess: string[] | undefined;
let contextOfThisProcess: SecureContext | undefined;

/**
 * The same for the environment of this process and `.env`, for mail and databases, whose libraries open their own
 * connections. Undefined, which means Node's own list, if a configured file cannot be used: `doctor` and each request
 * report that.
 */
export function processCertificates(): string[] | undefined {
  try {
    certificatesOfProcess ??= trustedCertificates(environmentWithDotEnv(process.env));
  } catch {
    return undefined;
  }
  return certificatesOfProcess;
}

/** These certificates as a secure context. */
export function processSecureContext(): SecureContext {
  contextOfThisProcess ??= createSecureContext({ ca: processCertificates() });
  return contextOfThisProcess;
}

/** The secure context for an environment, created on first use and cached. */
export function trustedContext(environment: Environment): () => SecureContext {
  let context: SecureContext | undefined;
  return () => {
    context ??= createSecureContext({ ca: trustedCertificates(environment) });
    return context;
  };
}

function certificatesIn(environment: Environment, variable: string): string[] {
  const file = environment[variable];
  if (!file) return [];
  try {
    return readCertificates(file);
  } catch (error) {
    throw new ConnectFailure(
      'certificates',
      `No certificate can be read from the file ${file} (${variable}).`,
      `Set ${variable} to the file with your company's CA certificate, in PEM (it begins with -----BEGIN CERTIFICATE-----).`,
      error,
    );
  }
}

/** As in OpenSSL, files that are not certificates are ignored. */
function certificatesInFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
      .map((name) => join(folder, name))
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
      .flatMap((file) => {
        try {
          return readCertificates(file);
        } catch {
          return [];
        }
      });
  } catch {
    return [];
  }
}

/** Certificates in PEM, or one in DER. Throws if there is none. */
function readCertificates(file: string): string[] {
  const bytes = readFileSync(file);
  const blocks = bytes
    .toString('latin1')
    .match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED )?CERTIFICATE-----/g);
  return (blocks ?? [bytes]).map((certificate) => new X509Certificate(certificate).toString());
}
