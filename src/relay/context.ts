import type { Logger } from 'pino';
import type { ApiContext } from '../api/context.ts';
import type { RawRequests } from '../http/raw-requests.ts';
import type { RelayLimits } from './limits.ts';
import type { BodyBudget } from './request/body-budget.ts';
import type { TrafficLog } from './traffic/traffic-log.ts';
import type { GrantWatch } from './upstream/grant-watch.ts';
import type { RejectedTokens } from './upstream/rejected-tokens.ts';

/** State shared by all requests of the relay. */
export interface RelayContext {
  api: ApiContext;
  log: Pick<Logger, 'error' | 'warn'>;
  limits: RelayLimits;
  raw: RawRequests;
  rejectedTokens: RejectedTokens;
  watch: GrantWatch;
  traffic: TrafficLog;
  budget: BodyBudget;
}
