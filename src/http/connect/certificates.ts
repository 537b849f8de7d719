import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { environmentWithDotEnv } from '../../environment/environment.ts';
import { ConnectFailure } from './connect-failure.ts';

type Environment = Readonly<NodeJS.Dict<string>>;

/**
 * Every certificate authority that is trusted here, in PEM: Node's own, the system's, and those of the files that
 * NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and SSL_CERT_DIR name. Reading the system's takes some 100 ms.
 * Throws `ConnectFailure` where a named file cannot be used.
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
 * The same by the environment of this process and `.env`, for mail and databases, whose libraries connect by themselves.
 * Undefined, which is Node's own list, where a named file cannot be used: `doctor` and each request say so.
 */
export function processCertificates(): string[] | undefined {
  try {
    certificatesOfProcess ??= trustedCertificates(environmentWithDotEnv(process.env));
  } catch {
    return undefined;
  }
  return certificatesOfProcess;
}

/** The same, ready for connections. */
export function processSecureContext(): SecureContext {
  contextOfThisProcess ??= createSecureContext({ ca: processCertificates() });
  return contextOfThisProcess;
}

/** The same for an environment; read once, when it is first needed. */
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
      `${variable} names the file ${file}, and no certificate can be read from it.`,
      `Set ${variable} to the file with your company's CA certificate, in PEM (it begins with -----BEGIN CERTIFICATE-----).`,
      error,
    );
  }
}

/** As in OpenSSL, what is no certificate there does not matter. */
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

/** Certificates in PEM, or one in DER. Throws where there is none. */
function readCertificates(file: string): string[] {
  const bytes = readFileSync(file);
  const blocks = bytes
    .toString('latin1')
    .match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED )?CERTIFICATE-----/g);
  return (blocks ?? [bytes]).map((certificate) => new X509Certificate(certificate).toString());
}
