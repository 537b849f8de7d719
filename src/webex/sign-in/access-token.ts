import { plural } from '../../text/count.ts';
import { isObject } from '../../text/json-shape.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { Deployment } from '../deployments.ts';
import { deployments, deploymentTitles } from '../deployments.ts';
import { isUuid } from '../organization-id.ts';

/** The claims of a Webex access token. They are not verified; the signature of a JWT is not checked either. */
export interface AccessTokenDescription {
  /** `usual`: 64 base64url characters, cluster, organization, joined by `_`. */
  form: 'usual' | 'jwt' | 'unknown';
  /** Lower-case UUID of the organization that the token claims, or null. */
  orgId: string | null;
  /** Four characters, for example `PF84`, or null. */
  cluster: string | null;
  /** The deployment that its cluster or its issuer belongs to; null if neither is known. */
  deployment: Deployment | null;
  /** Messages for the person. They never contain the token. */
  warnings: string[];
}

const usualForm = /^[\w-]{64}_([A-Za-z0-9]{4})_([0-9a-fA-F-]{36}|consumer)$/;
const cutAtTheEnd = /^[\w-]{64}_(?:[A-Z0-9]{1,4}|[A-Z0-9]{4}_[0-9a-f-]{0,35})$/;
const cutAtTheFront = /^[\w-]{0,63}_?[A-Z0-9]{4}_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** The part before the cluster, and the rest, of an incomplete token. */
const partOfUsualForm = /^[\w-]*_([A-Za-z0-9]{4})(?:_(?:[0-9a-fA-F-]{0,36}|consumer))?$/;

/** Claims of another type count as missing. */
type JwtClaims = Partial<Record<'realm' | 'cluster' | 'iss', string>>;

/** Recognizes the forms in Webex's JavaScript SDK. An unknown form is a warning, not an error. */
export function describeAccessToken(token: string): AccessTokenDescription {
  const { issuer, ...described } = describeForm(token);
  return { ...described, deployment: deploymentOf(described.cluster, issuer) };
}

type Form = Omit<AccessTokenDescription, 'deployment'> & { issuer?: string | undefined };

function describeForm(token: string): Form {
  const [, cluster = null, owner = ''] = usualForm.exec(token) ?? [];
  if (owner === 'consumer') {
    return {
      form: 'usual',
      orgId: null,
      cluster,
      warnings: [
        'This token belongs to a personal Webex account without an organization, so it cannot provision users. Sign in as a full administrator.',
      ],
    };
  }
  if (isUuid(owner)) {
    return { form: 'usual', orgId: owner.toLowerCase(), cluster, warnings: [] };
  }
  const claims = readClaims(token);
  if (claims !== null) {
    const realm = claims.realm ?? '';
    return {
      form: 'jwt',
      orgId: isUuid(realm) ? realm.toLowerCase() : null,
      cluster: claims.cluster ?? null,
      issuer: claims.iss,
      warnings: [],
    };
  }
  const named = partOfUsualForm.exec(token)?.[1] ?? null;
  return { form: 'unknown', orgId: null, cluster: named, warnings: [unknownFormWarning(token)] };
}

/** Clusters that occur in tokens of each deployment. The list is incomplete. */
const seenClusters: Record<Deployment, readonly string[]> = {
  commercial: ['PF84', 'P0A1', 'PE93'],
  government: ['FC82'],
};

/** The host names of the government ID brokers have `-f` after the first label. All others are commercial. */
const brokerHost = /^idbroker(-[a-z0-9-]+)?\.webex\.com$/;

function deploymentOf(cluster: string | null, issuer = ''): Deployment | null {
  const known = deployments.find((each) => seenClusters[each].includes(cluster?.toUpperCase() ?? ''));
  if (known !== undefined) return known;
  const host = brokerHost.exec(URL.parse(issuer)?.hostname ?? '');
  if (host === null) return null;
  return /^-f\b/.test(host[1] ?? '') ? 'government' : 'commercial';
}

/**
 * The deployment that the token belongs to, if it is known and differs from the given one; otherwise null. Such a token
 * must not be sent to the API of the given deployment.
 */
export function otherDeployment(token: string, deployment: Deployment): Deployment | null {
  const named = describeAccessToken(token).deployment;
  return named === deployment ? null : named;
}

/** A warning if the token belongs to the other deployment, otherwise null. */
export function deploymentWarning(token: string, deployment: Deployment): string | null {
  const other = otherDeployment(token, deployment);
  if (other === null) return null;
  const { cluster } = describeAccessToken(token);
  const by =
    cluster === null
      ? 'according to its issuer'
      : `according to its cluster ${sanitizeForDisplay(cluster, 20)}`;
  return `The token belongs to ${deploymentTitles[other]} (${by}), but the profile is for ${deploymentTitles[deployment]}. The token was not sent.`;
}

function readClaims(token: string): JwtClaims | null {
  const payload = /^eyJ[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token)?.[1];
  if (payload === undefined) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (!isObject(claims)) return null;
    return Object.fromEntries(Object.entries(claims).filter(([, value]) => typeof value === 'string'));
  } catch {
    return null;
  }
}

function unknownFormWarning(token: string): string {
  if (cutAtTheEnd.test(token)) {
    return `The end of the token seems to be missing: it has ${plural(token.length, 'character')}, but Webex tokens usually have 106. Copy the whole address again.`;
  }
  if (cutAtTheFront.test(token)) {
    return `The start of the token seems to be missing: it has ${plural(token.length, 'character')}, but Webex tokens usually have 106. Copy the whole address again.`;
  }
  return `The token (${plural(token.length, 'character')}) has an unknown format. It was accepted unchanged. Test it before you rely on it.`;
}
