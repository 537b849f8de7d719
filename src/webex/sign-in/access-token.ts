import { z } from 'zod';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { Deployment } from '../deployments.ts';
import { deployments, deploymentTitles } from '../deployments.ts';
import { isUuid } from '../organization-id.ts';

/** What a Webex access token says of itself. None of it is proof: the signature of a JWT is not checked. */
export interface AccessTokenDescription {
  /** `usual`: 64 base64url characters, cluster, organization, joined by `_`. */
  form: 'usual' | 'jwt' | 'unknown';
  /** Lower-case UUID of the organization that the token claims, or null where it names none. */
  orgId: string | null;
  /** Four characters, e.g. `PF84`, or null where it names none. */
  cluster: string | null;
  /** The deployment that its cluster or its issuer belongs to; null where neither is known. */
  deployment: Deployment | null;
  /** Sentences for the person; they never hold the token. */
  warnings: string[];
}

const usualForm = /^[\w-]{64}_([A-Za-z0-9]{4})_([0-9a-fA-F-]{36}|consumer)$/;
const cutAtTheEnd = /^[\w-]{64}_(?:[A-Z0-9]{1,4}|[A-Z0-9]{4}_[0-9a-f-]{0,35})$/;
const cutAtTheFront = /^[\w-]{0,63}_?[A-Z0-9]{4}_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** What stands before the cluster, and whatever is left behind it, of a token that is not whole. */
const partOfUsualForm = /^[\w-]*_([A-Za-z0-9]{4})(?:_(?:[0-9a-fA-F-]{0,36}|consumer))?$/;

const optionalText = z.string().optional().catch(undefined);
const jwtClaims = z.object({ realm: optionalText, cluster: optionalText, iss: optionalText });

/** Recognizes the forms that Webex's own JavaScript SDK knows. An unknown form is a warning, not an error. */
export function describeAccessToken(token: string): AccessTokenDescription {
  const { issuer, ...described } = describeForm(token);
  return { ...described, deployment: deploymentOf(described.cluster, issuer) };
}

type Form = Omit<AccessTokenDescription, 'deployment'> & { issuer?: string | undefined };

function describeForm(token: string): Form {
  const [, cluster, owner] = usualForm.exec(token) ?? [];
  if (cluster !== undefined && owner === 'consumer') {
    return {
      form: 'usual',
      orgId: null,
      cluster,
      warnings: [
        'This token is for a personal Webex account without an organization, so it can’t provision users. Sign in as a full administrator.',
      ],
    };
  }
  if (cluster !== undefined && owner !== undefined && isUuid(owner)) {
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

/** Clusters that were seen in tokens of each deployment. There are others: only a known one says anything. */
const seenClusters: Record<Deployment, readonly string[]> = {
  commercial: ['PF84', 'P0A1', 'PE93'],
  government: ['FC82'],
};

/** The government's ID brokers have `-f` behind their first name; all others are commercial. */
const brokerHost = /^idbroker(-[a-z0-9-]+)?\.webex\.com$/;

function deploymentOf(cluster: string | null, issuer = ''): Deployment | null {
  const known = deployments.find((each) => seenClusters[each].includes(cluster?.toUpperCase() ?? ''));
  if (known !== undefined) return known;
  const host = brokerHost.exec(URL.parse(issuer)?.hostname ?? '');
  if (host === null) return null;
  return /^-f\b/.test(host[1] ?? '') ? 'government' : 'commercial';
}

/**
 * The deployment that the token belongs to, where it is known and not the one that is asked about; else null. Such a
 * token must not be sent to that one's API.
 */
export function otherDeployment(token: string, deployment: Deployment): Deployment | null {
  const named = describeAccessToken(token).deployment;
  return named === deployment ? null : named;
}

/** A warning where the token belongs to the other deployment, else null. */
export function deploymentWarning(token: string, deployment: Deployment): string | null {
  const other = otherDeployment(token, deployment);
  if (other === null) return null;
  const { cluster } = describeAccessToken(token);
  const by = cluster === null ? 'by its issuer' : `by its cluster ${sanitizeForDisplay(cluster, 20)}`;
  return `The token belongs to ${deploymentTitles[other]} (${by}), but the profile is for ${deploymentTitles[deployment]}. It is not sent there.`;
}

function readClaims(token: string): z.infer<typeof jwtClaims> | null {
  const parts = token.split('.');
  const payload = parts[1];
  if (parts.length !== 3 || payload === undefined || !/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return null;
  try {
    const claims = jwtClaims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    return claims.success ? claims.data : null;
  } catch {
    return null;
  }
}

function unknownFormWarning(token: string): string {
  if (cutAtTheEnd.test(token)) {
    return `The token seems to be cut off at its end: it has ${token.length} characters, and Webex’s usually have 106. Copy the whole address again.`;
  }
  if (token.length < 106 && cutAtTheFront.test(token)) {
    return `The token seems to be cut off at its front: it has ${token.length} characters, and Webex’s usually have 106. Copy the whole address again.`;
  }
  return `The token (${token.length} characters) is not of a form that Webex is known to use. It was taken as it is; test it before you rely on it.`;
}
