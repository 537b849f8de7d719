import type { JSONWebKeySet, JWK } from 'jose';
import * as z from 'zod';
import { requestJson } from '../../http/json-client.ts';
import { isLoopback } from '../../http/secure-url.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';

/** Timeout for one document, including its body. Milliseconds. */
export const issuerTimeoutMs = 5_000;

/** More keys than any issuer publishes. */
const maxKeys = 100;

/**
 * Issuers whose discovery documents refer to keys on another host. For every other issuer, the keys must be on its own host, so
 * that its document cannot make this server call another host.
 */
const otherKeyHosts: Record<string, readonly string[]> = {
  'accounts.google.com': ['www.googleapis.com'],
  // Entra ID's version 1 tokens.
  'sts.windows.net': ['login.microsoftonline.com', 'login.windows.net'],
};

/** The reason why an issuer's keys are not available, as text for the administrator. */
export class IssuerError extends Error {
  /** Whether the issuer responded, but with an unusable document. */
  readonly hasResponded: boolean;

  constructor(message: string, hasResponded = true) {
    super(message);
    this.hasResponded = hasResponded;
  }
}

export interface IssuerRequest {
  fetch: typeof globalThis.fetch;
  /** Epoch milliseconds. */
  now: () => number;
  /** Timeout for one document. Default: `issuerTimeoutMs`. */
  timeoutMs?: number | undefined;
}

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });
const keySetSchema = z.object({ keys: z.array(z.unknown()).max(maxKeys) });
/** Keys of other types cannot verify a signature with a supported algorithm. */
const keySchema = z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']), kid: z.string().optional() });

/** The address of an issuer's keys, from its OpenID Connect discovery document. Throws `IssuerError`. */
export async function discoverKeys(issuer: string, request: IssuerRequest): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const parsed = discoverySchema.safeParse(await readDocument(address, request));
  if (!parsed.success) throw new IssuerError(`${address} has no issuer or jwks_uri`);
  if (parsed.data.issuer !== issuer) {
    throw new IssuerError(`${address} belongs to another issuer: ${sanitizeForDisplay(parsed.data.issuer)}`);
  }
  return keyAddress(issuer, parsed.data.jwks_uri);
}

/** The keys at an address that `discoverKeys` returned. Throws `IssuerError`. */
export async function readKeys(address: string, request: IssuerRequest): Promise<JSONWebKeySet> {
  const parsed = keySetSchema.safeParse(await readDocument(address, request));
  if (!parsed.success) throw new IssuerError(`${address} is not a key set of at most ${maxKeys} keys`);
  return { keys: parsed.data.keys.filter((key) => keySchema.safeParse(key).success) as JWK[] };
}

function keyAddress(issuer: string, text: string): string {
  const own = new URL(issuer);
  const url = URL.parse(text);
  const refuse = (why: string) =>
    new IssuerError(`the jwks_uri ${sanitizeForDisplay(text)} of ${issuer} ${why}`);
  if (url === null || url.username !== '' || url.password !== '') throw refuse('is not a plain URL');
  const secure = url.protocol === 'https:' || (url.protocol === own.protocol && isLoopback(url.hostname));
  if (!secure) throw refuse('is not https');
  if (url.origin !== own.origin && !(otherKeyHosts[own.host] ?? []).includes(url.host)) {
    throw refuse(`is not on ${own.host}`);
  }
  return url.href;
}

async function readDocument(
  url: string,
  { fetch, now, timeoutMs = issuerTimeoutMs }: IssuerRequest,
): Promise<unknown> {
  const response = await requestJson({ url, fetch, now, timeoutMs });
  if (response.ok) return response.body;
  const { reason, status, network } = response.failure;
  if (network !== undefined) throw new IssuerError(network.message, false);
  throw new IssuerError(`${url}: ${reason}${status === null ? '' : ` (${status})`}`);
}
