import type { Refusal } from '../../api/refusal.ts';
import { missingKeyError } from '../../api/tokens/missing-key.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { GrantedProfile, Lookup } from '../../store/token-requests/token-request-store.ts';
import { tenantUrl } from '../../webex/deployments.ts';
import { otherDeployment } from '../../webex/sign-in/access-token.ts';
import type { RelayContext } from '../context.ts';
import { refusals } from './refusals.ts';
import { mayUse } from './rights.ts';
import type { RelayTarget } from './target.ts';
import { tokenRefusal } from './token-refusal.ts';

/** The token and address with which a granted request is sent. */
export interface Grant {
  profileId: string;
  profile: string;
  tokenId: string;
  accessToken: string;
  tenantUrl: string;
}

/** The state of a request when it is decided. */
export interface RelayState {
  target: RelayTarget;
  method: string;
  body: 'unread' | 'read' | 'too-large' | 'no-memory';
  /** Whether the request has waited for a new token. */
  waited: boolean;
  /** How often the request was sent. */
  sent: number;
  /** The ID of the token that Webex rejected for this request. */
  unauthorized: string | null;
}

/** `profile`: the client's profile; null if it has none. */
export type RelayDecision =
  | { kind: 'refuse'; profile: string | null; refusal: Refusal }
  /** The request is decided again after this step. */
  | { kind: 'read-body' | 'wait-for-token'; profile: string }
  | { kind: 'send'; grant: Grant };

/** Decides whether a client's request is sent, and with which token. */
export function decideRelay(
  relay: RelayContext,
  found: Lookup,
  granted: GrantedProfile | undefined,
  state: RelayState,
  now: number,
): RelayDecision {
  const { target, method, body } = state;
  const { forwarded } = target;
  if (granted === undefined || granted.profile !== target.profile) {
    return { kind: 'refuse', profile: granted?.profile ?? null, refusal: refusals.otherProfile };
  }
  const { profile } = granted;
  const refuse = (refusal: Refusal): RelayDecision => ({ kind: 'refuse', profile, refusal });
  if (forwarded === null) return refuse(refusals.unknownPath);
  if (!forwarded.methods.includes(method)) return refuse(refusals.methodNotAllowed(forwarded.methods));
  if (!mayUse(found.client.relayRights ?? 'read', method)) return refuse(refusals.noRight(method));
  if (body === 'too-large') return refuse(refusals.bodyTooLarge(relay.limits.maxRequestBytes));
  if (body === 'no-memory') return refuse(refusals.busy);
  if (body === 'unread') return { kind: 'read-body', profile };
  return withToken(relay, granted, state, now);
}

function withToken(
  { api, log }: RelayContext,
  granted: GrantedProfile,
  { waited, sent, unauthorized }: RelayState,
  now: number,
): RelayDecision {
  const { profile, profileId, deployment, orgId, token } = granted;
  const refuse = (refusal: Refusal): RelayDecision => ({ kind: 'refuse', profile, refusal });
  const unusable = tokenRefusal(granted, now);
  if (unusable !== null || token === null || orgId === null) {
    return waited
      ? refuse(unusable ?? refusals.noOrganization(profile))
      : { kind: 'wait-for-token', profile };
  }
  if (token.tokenId === unauthorized || sent > 1) return refuse(refusals.unauthorized(profile));
  try {
    const accessToken = api.tokenCache.open(token, granted);
    // The token must not be sent to the other deployment.
    if (otherDeployment(accessToken, deployment) !== null) return refuse(refusals.wrongDeployment(profile));
    const url = tenantUrl(api.vault.settings.webex[deployment], orgId);
    return {
      kind: 'send',
      grant: { profileId, profile, tokenId: token.tokenId, accessToken, tenantUrl: url },
    };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    log.error({ err: error, profile }, 'a stored token cannot be decrypted');
    return refuse(missingKeyError(error) ?? refusals.notDecrypted(profile));
  }
}
