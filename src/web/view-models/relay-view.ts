import { issuerOf, relayTenantUrl } from '../../config/issuer.ts';
import type { Client } from '../../domain/client.ts';
import type { Profile } from '../../domain/profile.ts';
import { slotMs, slotOf, type Traffic, trafficOf } from '../../store/profiles/relay-traffic.ts';
import { instant } from '../../text/instant.ts';
import type { StoreContext } from '../../vault/context.ts';
import type { RelayView, TrafficChart } from './pages.ts';

const hourMs = 3_600_000;

/** The size of a chart, in the units of its SVG, and the gap between two bars. */
const height = 48;
const barWidth = 10;
const gap = 2;

/** The SCIM relay of a profile: its address, clients and traffic. Null if it has neither clients nor traffic. */
export async function relayView(
  { db, settings, now }: StoreContext,
  { id, name }: Profile,
  clients: Client[],
): Promise<RelayView | null> {
  const relayClients = clients.filter(
    ({ profiles, relayRights }) => relayRights !== null && profiles.includes(name),
  );
  const at = now();
  const traffic = await trafficOf(db, id, at - 24 * hourMs);
  if (relayClients.length === 0 && traffic === null) return null;
  const { slots = [], lastSuccessAt = null, lastError = null } = traffic ?? {};
  // The last bar is the current period.
  const hour = charted(slots, slotOf(at) + slotMs - hourMs, slotMs, 12);
  const day = charted(slots, Math.floor(at / hourMs) * hourMs - 23 * hourMs, hourMs, 24);
  return {
    tenantUrl: relayTenantUrl(issuerOf(settings), name),
    clients: relayClients.map((client) => client.name),
    charts: [
      { title: 'Last hour', each: 'period of five minutes', ...hour },
      { title: 'Last 24 hours', each: 'hour', ...day },
    ],
    lastSuccessAt: instant(lastSuccessAt),
    lastError: lastError && { at: instant(lastError.at), text: errorText(lastError.error) },
  };
}

function charted(
  slots: Traffic['slots'],
  start: number,
  width: number,
  count: number,
): Omit<TrafficChart, 'title' | 'each'> {
  const bars = Array.from({ length: count }, () => ({ succeeded: 0, failed: 0 }));
  for (const { slot, succeeded, failed } of slots) {
    const bar = bars[Math.floor((slot - start) / width)];
    if (bar === undefined) continue;
    bar.succeeded += succeeded;
    bar.failed += failed;
  }
  const highest = Math.max(1, ...bars.map(({ succeeded, failed }) => succeeded + failed));
  const sum = (key: 'succeeded' | 'failed') => bars.reduce((total, bar) => total + bar[key], 0);
  return {
    width: count * (barWidth + gap) - gap,
    height,
    bars: bars.map(({ succeeded, failed }, at) => {
      const good = scaled(succeeded, highest);
      const bad = scaled(failed, highest);
      return { x: at * (barWidth + gap), width: barWidth, good, bad };
    }),
    requests: sum('succeeded') + sum('failed'),
    failed: sum('failed'),
  };
}

/** At least one unit, so that a single failure among thousands is visible. */
function scaled(value: number, highest: number): number {
  return value === 0 ? 0 : Math.max(1, Math.round((value / highest) * (height - 1)));
}

const errorTexts: Record<string, string> = {
  400: 'Webex did not accept the request (400).',
  403: 'Webex rejected the request (403): the account may not be a full administrator.',
  404: 'Webex did not find what was requested (404).',
  409: 'Webex already has such a user or group (409).',
  429: 'Webex received too many requests (429).',
  unreachable: 'Webex could not be reached, or closed the connection.',
  'cut-off': 'Webex closed the connection before a response was complete.',
  'response-too-large': 'A response from Webex was too large.',
  'no-token': 'There is no Webex token.',
  'token-rejected': 'Webex rejects the token.',
  'token-expired': 'The Webex token has expired.',
  'unauthorized-by-webex': 'Webex accepts the token, but its SCIM service does not (401).',
  'no-organization': 'The organization ID is unknown.',
  'other-deployment': 'The token belongs to the other Webex deployment.',
  unreadable: 'The stored token cannot be decrypted.',
};

function errorText(error: string): string {
  const known = errorTexts[error];
  if (known !== undefined) return known;
  return /^\d{3}$/.test(error)
    ? `Webex responded with an error (${error}).`
    : 'The server could not handle the request. See its log.';
}
