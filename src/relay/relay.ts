import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import { verifySecret } from '../api/client-auth/authenticate.ts';
import type { Identity } from '../api/client-auth/identify.ts';
import type { ApiContext } from '../api/context.ts';
import { isCrossOrigin } from '../api/request/cross-origin.ts';
import { RawRequests } from '../http/raw-requests.ts';
import type { RelayContext } from './context.ts';
import { type RelayLimits, relayLimits } from './limits.ts';
import { BodyBudget } from './request/body-budget.ts';
import { RelayRequest } from './request/relay-request.ts';
import { readRelayTarget } from './request/target.ts';
import { sendScimError } from './scim-error.ts';
import { TrafficLog } from './traffic/traffic-log.ts';
import { GrantWatch } from './upstream/grant-watch.ts';
import { RejectedTokens } from './upstream/rejected-tokens.ts';

export interface RelayOptions {
  api: ApiContext;
  log: Pick<Logger, 'error' | 'warn'>;
  /** Default: `relayLimits`. */
  limits?: Partial<RelayLimits>;
  /** Sends the reminders that are due. Default: on the configured channels. */
  remind?: () => Promise<void>;
}

export interface Relay {
  /** Handles requests whose target `isRelayTarget` accepts. */
  listener: RequestListener;
  /** In the text format of Prometheus. */
  metrics(): string;
  /** Writes the traffic counts so far to the store. */
  flush(): Promise<void>;
  /** Ends the running requests, and writes the traffic counts. */
  close(): Promise<void>;
}

/**
 * The SCIM relay: forwards its clients' requests to Webex with the current token of their profile. It uses the clients, the
 * queue, the throttle and the audit log of the token API.
 */
export function createRelay(options: RelayOptions): Relay {
  const { api, log } = options;
  const limits = { ...relayLimits, ...options.limits };
  const { vault } = api;
  const relay: RelayContext = {
    api,
    log,
    limits,
    raw: new RawRequests(),
    rejectedTokens: new RejectedTokens(vault, log, {
      verificationMs: limits.verificationMs,
      ...(options.remind !== undefined && { remind: options.remind }),
    }),
    watch: new GrantWatch(api, limits.recheckMs),
    traffic: new TrafficLog(vault, log),
    budget: new BodyBudget(limits.maxBufferedBytes),
  };
  return {
    listener: (request, response) => {
      if (isCrossOrigin(request.headers.origin, api.origins)) {
        const description = 'Pages of other sites cannot use the relay. Send no Origin header.';
        sendScimError(response, { code: 'invalid_request', description, status: 403 });
        return;
      }
      const identity = identityOf(request.headers.authorization);
      const target = readRelayTarget(request.url ?? '');
      new RelayRequest({ relay, request, response, identity, target }).start();
    },
    metrics: () => relay.traffic.metrics(),
    flush: () => relay.traffic.write(),
    close: async () => {
      relay.watch.close();
      await Promise.all([relay.rejectedTokens.close(), relay.traffic.write(), relay.raw.close()]);
    },
  };
}

/** RFC 6750 §2.1. */
const bearer = /^Bearer +([\w.~+/-]{1,512}=*) *$/i;

/** The secret alone identifies the client, because provisioning tools send nothing else. */
function identityOf(authorization: string | undefined): Identity {
  const secret = bearer.exec(authorization ?? '')?.[1];
  if (secret === undefined) {
    const why = 'Send the secret of a relay client as Authorization: Bearer SECRET.';
    return { client: '', proof: { kind: 'none', why } };
  }
  const proof = verifySecret(secret);
  return proof.kind === 'secret'
    ? { client: '', proof, secretHash: proof.hash.toString('base64url') }
    : { client: '', proof };
}
