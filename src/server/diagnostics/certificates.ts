import { BrokerError } from '../../errors/broker-error.ts';
import { findRunningApis } from '../../instance/api-instance-file.ts';
import { readTls, type TlsFiles, tlsWarnings } from '../tls/tls-files.ts';
import type { Finding } from './finding.ts';

/** The certificates of the token APIs that are running from a data folder. */
export function diagnoseCertificates(home: string): Finding[] {
  return findRunningApis(home).flatMap(({ address, tls }) =>
    tls === null ? [] : [{ title: `Certificate of ${address}`, ...diagnoseFiles(tls) }],
  );
}

function diagnoseFiles(tls: TlsFiles): Omit<Finding, 'title'> {
  try {
    readTls(tls);
    const [first] = tlsWarnings(tls, Date.now());
    if (first === undefined) return { ok: true, message: `${tls.certificate} is valid for at least 30 days` };
    const { message, rejected } = first;
    return { ok: rejected ? false : null, message, help: `The file is ${tls.certificate}.` };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return { ok: false, message: error.message, help: error.help };
  }
}
