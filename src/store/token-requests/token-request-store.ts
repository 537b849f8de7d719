import type { BrokerError } from '../../errors/broker-error.ts';
import type { Deployment } from '../../webex/deployments.ts';
import type { AuditEntry } from '../audit/chain.ts';
import type { NamedRow, SetHead } from '../integrity/authenticated-set.ts';

/*
 * How the token endpoint reads the store. Each request checks again whether the client may still get the token, and gets its
 * response only after its audit row is durable. Concurrent requests share one commit. Each engine has its own implementation.
 */

/** A client as it is stored now. Instants are epoch milliseconds. */
export interface ClientRow {
  clientId: string;
  clientName: string;
  secretHash: string | null;
  previousSecretHash: string | null;
  previousSecretUntil: number | null;
  previousSecretUsedAt: number | null;
  /** A JSON Web Key Set, as JSON. */
  jwks: string | null;
  /** As a JSON list. */
  addresses: string;
  clientExpiresAt: number | null;
  lastUsedAt: number | null;
  /** Seconds; null: the default. */
  maxExpiresIn: number | null;
  /** Null: it is not a client of the SCIM relay. */
  relayRights: 'read' | 'write' | 'all' | null;
  /** Workload identity: the claims that its JWT must have; null if the client authenticates in another way. */
  issuer: string | null;
  subject: string | null;
  audience: string | null;
  anyScope: 1 | null;
}

/** A profile that the client may read, with one of its tokens, or the current one if only that was requested; null without one. */
export interface GrantedProfile {
  profileId: string;
  profile: string;
  deployment: Deployment;
  orgId: string | null;
  token: StoredToken | null;
}

export interface StoredToken {
  tokenId: string;
  ciphertext: string;
  expiresAt: number;
  rejectedAt: number | null;
  /** As a JSON list. */
  scopes: string;
}

export interface Lookup {
  client: ClientRow;
  /** The profiles of the requested organization, or up to the requested number. One entry for each token. */
  profiles: GrantedProfile[];
  /** Whether the request's assertion was used before. */
  assertionUsed: boolean;
  /** Why this is not authentic; null if it is. */
  untrusted: BrokerError | null;
}

export interface Assertion {
  jtiHash: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

/** The decision about a request. */
export interface Decision {
  /** Whether the client gets a token. Only then, the store is checked a second time before the response. */
  granted: boolean;
  /** The audit row to write before the response; null if such a row was already written often enough. */
  entry: AuditEntry | null;
  /** Which of the client's credentials was valid. */
  used: 'current' | 'previous' | null;
}

/** One request for a token that waits for its response. */
export interface TokenRequestRead {
  /** Empty if the request names no possible client, or if the secret identifies the client. */
  readonly client: string;
  /** The SHA-256 in base64url of the secret that names the client, as in a request to the relay. */
  readonly secretHash?: string;
  /** The organization whose profile is requested; null if the client named none. */
  readonly orgId: string | null;
  /** The maximum number of profiles to look up where no organization is named. */
  readonly profileLimit: number;
  /** Whether a profile's previous tokens are looked up, too. */
  readonly withPrevious: boolean;
  /** A client assertion, which may be used once. */
  readonly assertion: Assertion | null;
  /**
   * Decides, based on the stored rows. Called again if they have changed. Throws `RetryLater` if only this request has to
   * wait. It is then returned without being completed, nothing is written for it, and the rest of its batch continues.
   */
  decide(found: Lookup | null): Decision;
  /** Sends the response immediately: the audit row is already durable. */
  complete(decision: Decision): void;
}

export interface TokenRequestStore {
  /**
   * Looks up, decides and records all requests in one commit, then completes each. If the store has changed in the meantime,
   * a request is looked up again right before its response. If it would no longer be granted, it is returned without being
   * completed. Throws `RetryLater` if another process is writing; nothing was done then. After any other error, no request
   * of the batch is completed, and the batch can be run again unless the error is `NotDurable`.
   */
  run(batch: readonly TokenRequestRead[], now: number): TokenRequestRead[] | Promise<TokenRequestRead[]>;
  close(): void | Promise<void>;
}

/** The store cannot serve this now: another process is writing to it, or a key must be loaded first. */
export class RetryLater extends Error {}

/**
 * The written data may not be on disk. Writing it again would not help: after a failed fsync, the operating system can treat
 * lost data as written.
 */
export class NotDurable extends Error {}

/** Reads with the same key share one lookup. The key distinguishes an empty ID from an absent one. */
export function lookUpKey(read: TokenRequestRead): string {
  const { client, secretHash, orgId, profileLimit, withPrevious } = read;
  // Nearly all requests to the relay, and a hash needs no quotes.
  if (client === '' && secretHash !== undefined) return secretHash;
  return JSON.stringify([client, orgId, profileLimit, withPrevious]);
}

/** The decision about a request; null if it must wait. */
export function decisionOf(read: TokenRequestRead, found: Lookup | null): Decision | null {
  try {
    return read.decide(found);
  } catch (error) {
    if (error instanceof RetryLater) return null;
    throw error;
  }
}

/**
 * How long a used assertion is remembered after it expires, so that it cannot be used again on a replica whose clock is
 * wrong. Milliseconds.
 */
const assertionMemoryMs = 86_400_000;

/** Assertions that expired before this instant (epoch milliseconds) are deleted. */
export function forgetAssertionsBefore(now: number): number {
  return now - assertionMemoryMs;
}

/** A client's last use is stored to the minute; otherwise every read would cost a write. Milliseconds. */
export const usePrecisionMs = 60_000;

/** The columns of a lookup: one row for each profile of a client, or a single row. See `FoundRow`. */
export const foundColumns = `
  client.id as "clientId", client.secret_hash as "secretHash", client.previous_secret_hash as "previousSecretHash",
  client.previous_secret_until as "previousSecretUntil", client.previous_secret_used_at as "previousSecretUsedAt",
  client.jwks as jwks, client.addresses as addresses, client.expires_at as "clientExpiresAt",
  client.last_used_at as "lastUsedAt", client.max_expires_in as "maxExpiresIn",
  client.relay_rights as "relayRights", client.issuer as issuer, client.subject as subject,
  client.audience as audience, client.any_scope as "anyScope", profile.id as "profileId", profile.name as profile,
  profile.deployment as deployment, profile.org_id as "orgId", token.id as "tokenId", token.ciphertext as ciphertext,
  token.expires_at as "expiresAt", token.rejected_at as "rejectedAt", token.scopes as scopes,
  client.name as "clientName", profile.scopes as "profileScopes", token.state as state, token.source as source,
  token.org_id as "tokenOrgId", token.review_reason as "reviewReason",
  (select counter from row_mac_head) as counter, (select mac from row_mac_head) as mac`;

/** Statements on SQLite. Each parameter occurs once, in order. */
export const statements = {
  assertionUsed: `select 1 as used from client_assertion where client_id = $1 and jti_hash = $2`,
  useAssertion: `insert into client_assertion (client_id, jti_hash, expires_at) values ($1, $2, $3)`,
  forgetAssertions: `delete from client_assertion where expires_at < $1`,
  touchClient: `update client set last_used_at = $1 where id = $2`,
  touchPreviousSecret: `update client set last_used_at = $1, previous_secret_used_at = $2 where id = $3`,
};

/** One row of a lookup. */
export type FoundRow = ClientRow &
  Nullable<Omit<GrantedProfile, 'token'> & StoredToken & SetHead> & {
    profileScopes: string | null;
    state: string | null;
    source: string | null;
    tokenOrgId: string | null;
    reviewReason: string | null;
  };

type Nullable<T> = { [K in keyof T]: T[K] | null };

/** The head that authenticated all rows together at that moment. */
export function headOf(rows: readonly FoundRow[]): SetHead | null {
  const { counter = null, mac = null } = rows[0] ?? {};
  return counter === null || mac === null ? null : { counter, mac };
}

/** Every row that a lookup depends on, as stored. */
export function namedRowsOf(rows: readonly FoundRow[]): NamedRow[] {
  return rows.flatMap((row, at) => [...(at === 0 ? [clientRow(row)] : []), ...profileRows(row)]);
}

function clientRow(row: FoundRow): NamedRow {
  return {
    kind: 'client',
    row: {
      id: row.clientId,
      name: row.clientName,
      secret_hash: row.secretHash,
      previous_secret_hash: row.previousSecretHash,
      previous_secret_until: row.previousSecretUntil,
      jwks: row.jwks,
      addresses: row.addresses,
      expires_at: row.clientExpiresAt,
      relay_rights: row.relayRights,
      issuer: row.issuer,
      subject: row.subject,
      audience: row.audience,
      any_scope: row.anyScope,
      max_expires_in: row.maxExpiresIn,
    },
  };
}

function profileRows(row: FoundRow): NamedRow[] {
  const { clientId, profileId } = row;
  if (profileId === null) return [];
  const named: NamedRow[] = [
    { kind: 'grant', row: { client_id: clientId, profile_id: profileId } },
    {
      kind: 'profile',
      row: {
        id: profileId,
        name: row.profile,
        deployment: row.deployment,
        org_id: row.orgId,
        scopes: row.profileScopes,
      },
    },
  ];
  if (row.tokenId === null) return named;
  const token: NamedRow = {
    kind: 'token',
    row: {
      id: row.tokenId,
      profile_id: profileId,
      state: row.state,
      source: row.source,
      ciphertext: row.ciphertext,
      scopes: row.scopes,
      org_id: row.tokenOrgId,
      rejected_at: row.rejectedAt,
      review_reason: row.reviewReason,
    },
  };
  return [...named, token];
}

/** Combines the rows of one client. `profiles` is empty if none is of the requested organization. */
export function toLookup(
  rows: FoundRow[],
  orgId: string | null,
  untrusted: BrokerError | null,
): Lookup | null {
  const [client] = rows;
  if (client === undefined) return null;
  const profiles = rows.map(profileOf).filter((profile) => profile !== null);
  return {
    client,
    profiles: orgId === null ? profiles : profiles.filter((profile) => profile.orgId === orgId),
    assertionUsed: false,
    untrusted,
  };
}

function profileOf(row: FoundRow): GrantedProfile | null {
  const { profileId, profile, deployment, orgId } = row;
  if (profileId === null || profile === null || deployment === null) return null;
  return { profileId, profile, deployment, orgId, token: tokenOf(row) };
}

function tokenOf({ tokenId, ciphertext, expiresAt, rejectedAt, scopes }: FoundRow): StoredToken | null {
  if (tokenId === null || ciphertext === null || expiresAt === null || scopes === null) return null;
  return { tokenId, ciphertext, expiresAt, rejectedAt, scopes };
}

/** Which statement records the use of a client's credential; null if it was recorded recently. */
export function touchStatement(
  { client }: Lookup,
  used: 'current' | 'previous' | null,
  now: number,
): 'touchClient' | 'touchPreviousSecret' | null {
  if (used === null) return null;
  const noted = used === 'current' ? client.lastUsedAt : client.previousSecretUsedAt;
  // Also correct after the clock was set back.
  if (noted !== null && Math.abs(now - noted) < usePrecisionMs) return null;
  return used === 'current' ? 'touchClient' : 'touchPreviousSecret';
}
