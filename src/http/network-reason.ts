/** Why no response arrived, from the error that `fetch` threw. */
export type NetworkReason = 'timeout' | 'tls' | 'dns' | 'refused' | 'network';

const tlsCodes =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|EPROTO$|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT|UNABLE_TO_|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$)/;

export function networkReason(error: unknown): NetworkReason {
  const codes = errorCodes(error);
  const has = (pattern: RegExp) => codes.some((code) => pattern.test(code));
  if (has(/^(TimeoutError|ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/)) return 'timeout';
  if (has(tlsCodes)) return 'tls';
  if (has(/^(ENOTFOUND|EAI_)/)) return 'dns';
  if (has(/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/)) return 'refused';
  return 'network';
}

/** Whether a TLS connection failed only because the certificate is not from a trusted authority. */
export function isUntrusted(error: unknown): boolean {
  return errorCodes(error).some((code) =>
    /^(SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT$|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_UNTRUSTED$|INVALID_CA$)/.test(
      code,
    ),
  );
}

/** The names and codes of the error and its causes. If several addresses were tried, includes those of each attempt. */
function errorCodes(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 5) return [];
  const code = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  const inner = error instanceof AggregateError ? error.errors : [];
  return [error.name, ...code, ...[error.cause, ...inner].flatMap((part) => errorCodes(part, depth + 1))];
}
