import type { ReviewReason } from '../../domain/token.ts';
import { errorCodes } from '../../errors/error-codes.ts';
import type { FailureReason } from '../../http/json-client.ts';

/**
 * How an action ended, as text for people. `note`: neither a success nor a failure, for example if a person canceled the action
 * or has to finish it manually.
 */
export interface AuditOutcome {
  text: string;
  kind: 'ok' | 'note' | 'failed';
}

type Outcome = readonly [text: string, kind: AuditOutcome['kind']];

const unexpected: Outcome = ['Unexpected response from Webex', 'failed'];

/** Why Webex or another service gave no usable response. */
const callOutcomes = {
  unauthorized: ['Rejected by Webex', 'failed'],
  forbidden: ['Webex denied access', 'failed'],
  'not-found': ['Not found by Webex', 'failed'],
  'rate-limited': ['Webex received too many requests', 'failed'],
  'server-error': ['Server error at Webex', 'failed'],
  redirected: unexpected,
  'unexpected-status': unexpected,
  html: unexpected,
  'not-json': unexpected,
  'unexpected-shape': unexpected,
  'too-large': unexpected,
  timeout: ['No response in time', 'failed'],
  proxy: ['The proxy failed', 'failed'],
  tls: ['TLS connection failed', 'failed'],
  dns: ['Host name not found', 'failed'],
  refused: ['Connection refused', 'failed'],
  network: ['Network error', 'failed'],
  'other-deployment': ['Another Webex deployment', 'failed'],
} as const satisfies Record<FailureReason, Outcome>;

const reviewOutcomes = {
  'other-deployment': callOutcomes['other-deployment'],
  'other-organization': ['Another organization', 'failed'],
  'not-full-admin': ['Not a full administrator', 'failed'],
  rejected: ['Rejected by Webex', 'failed'],
} as const satisfies Record<ReviewReason, Outcome>;

/** The checks of `webex-token test` that fail, by their IDs. */
const checkOutcomes = {
  'token-accepted': ['Not accepted', 'failed'],
  organization: reviewOutcomes['other-organization'],
  'full-admin': reviewOutcomes['not-full-admin'],
  'entra-test-connection': ['Test Connection would fail', 'failed'],
  'entra-test-groups': ['Test Connection with groups would fail', 'failed'],
  'okta-test-credentials': ['Test API Credentials would fail', 'failed'],
} as const satisfies Record<string, Outcome>;

/** RFC 6749, RFC 8707, and the short reasons of the SCIM relay. */
const requestOutcomes = {
  invalid_request: ['Malformed request', 'failed'],
  invalid_client: ['Wrong credentials', 'failed'],
  invalid_grant: ['No usable token', 'failed'],
  unauthorized_client: ['No access', 'failed'],
  unsupported_grant_type: ['Grant type not supported', 'failed'],
  invalid_scope: ['Scope not granted', 'failed'],
  invalid_target: ['Unknown resource', 'failed'],
  server_error: ['Server error', 'failed'],
  temporarily_unavailable: ['Temporarily unavailable', 'failed'],
  busy: ['Too many large requests', 'failed'],
  unreachable: ['Webex could not be reached', 'failed'],
  'response-too-large': ['Response too large', 'failed'],
  stopped: ['The server was stopping', 'failed'],
  'method-not-allowed': ['Method not allowed', 'failed'],
  'no-right': ['Not within its rights', 'failed'],
  'body-too-large': ['Request too large', 'failed'],
  'no-organization': ['Organization unknown', 'failed'],
  'unauthorized-by-webex': ['Refused by the SCIM service of Webex', 'failed'],
} as const satisfies Record<string, Outcome>;

const otherOutcomes = {
  ok: ['Done', 'ok'],
  failed: ['Failed', 'failed'],
  started: ['Started', 'note'],
  removed: ['Removed', 'note'],
  withdrawn: ['Undone', 'note'],
  canceled: ['Canceled', 'note'],
  interrupted: ['Canceled', 'note'],
  manual: ['To be finished by hand', 'note'],
  'ambiguous-app': ['Application not chosen', 'note'],
  'okta-manual': ['To be finished by hand', 'note'],
  'entra-manual': ['To be finished by hand', 'note'],
  waiting: ['Not verified yet', 'note'],
  unverified: ['Not verified yet', 'note'],
  'rollback accepted': ['Rolled-back database accepted', 'note'],
  expired: ['Token expired', 'failed'],
  unreadable: ['Token cannot be decrypted', 'failed'],
  access_denied: ['Sign-in declined', 'failed'],
  login_required: ['Nobody signed in', 'failed'],
  tokenlimit_reached: ['Too many tokens at Webex', 'failed'],
} as const satisfies Record<string, Outcome>;

const outcomes: Readonly<Record<string, Outcome>> = {
  ...callOutcomes,
  ...reviewOutcomes,
  ...checkOutcomes,
  ...requestOutcomes,
  ...otherOutcomes,
};

/** Codes that have a different meaning for one action. */
const ofAction: Readonly<Record<string, Readonly<Record<string, Outcome>>>> = {
  relay: { 'not-found': ['Unknown path', 'failed'] },
  'remove-token': { expired: ['Deleted after it expired', 'note'] },
  capture: {
    server_error: ['Server error at Webex', 'failed'],
    temporarily_unavailable: ['Webex is unavailable', 'failed'],
    invalid_client: ['Webex does not know the client ID', 'failed'],
    invalid_scope: ['Webex does not grant the scopes', 'failed'],
    unauthorized_client: ['Webex refused the request', 'failed'],
    invalid_request: ['Webex refused the request', 'failed'],
    invalid_grant: ['Webex refused the request', 'failed'],
  },
};

/** Codes that do not mean a failure for any action. A reason may follow them. */
export const harmlessOutcomes: readonly string[] = Object.entries(outcomes)
  .filter(([, [, kind]]) => kind !== 'failed')
  .map(([code]) => code);

/** The outcomes by which the log can be filtered: `ok`, `failed` (every failure), or one of the codes. */
export const outcomeFilters: readonly { value: string; text: string }[] = [
  { value: 'ok', text: outcomes.ok?.[0] ?? '' },
  { value: 'failed', text: 'Failed, for any reason' },
  ...Object.entries(outcomes)
    .filter(([code]) => code !== 'ok' && code !== 'failed')
    .map(([value, [text]]) => ({ value, text }))
    // Compared without a locale, because the first use of a locale takes longer than most commands.
    .sort((a, b) => (a.text < b.text ? -1 : 1)),
];

/** Whether the log can be filtered by this code: one of `outcomeFilters`, or that of an error of this program. */
export function isOutcomeFilter(code: string): boolean {
  return outcomeFilters.some(({ value }) => value === code) || errorTitle(code) !== null;
}

/** An outcome of the audit log as text for people. An unknown code is shown unchanged. */
export function auditOutcome(action: string, outcome: string): AuditOutcome {
  if (action === 'prune') return { text: 'Done', kind: 'ok' };
  const [, all = outcome, more] = /^(.*), (\d+) more$/s.exec(outcome) ?? [];
  const [, code = all, reason] = /^(waiting|unverified): (.*)$/s.exec(all) ?? [];
  const { text, kind } = describe(action, code);
  const why = reason === undefined ? '' : `: ${describe(action, reason).text}`;
  return { text: `${text}${why}${more === undefined ? '' : `, ${more} more times`}`, kind };
}

function describe(action: string, code: string): AuditOutcome {
  const known = entryOf(ofAction[action], code) ?? entryOf(outcomes, code);
  if (known !== undefined) return { text: known[0], kind: known[1] };
  return { text: errorTitle(code) ?? code, kind: 'failed' };
}

function entryOf(table: Readonly<Record<string, Outcome>> | undefined, code: string): Outcome | undefined {
  return table !== undefined && Object.hasOwn(table, code) ? table[code] : undefined;
}

/** The title of an error of this program, by its code without the prefix, as the log has it. */
function errorTitle(code: string): string | null {
  const name = `E_${code.toUpperCase().replaceAll('-', '_')}`;
  return Object.hasOwn(errorCodes, name) ? errorCodes[name as keyof typeof errorCodes].title : null;
}
