import { Counter, Gauge, Registry } from 'prom-client';
import { expiryOf, knownEnd } from '../domain/lifetimes.ts';
import { statusOf } from '../domain/profile-status.ts';
import { listHandoffs } from '../store/destinations.ts';
import { readCounters } from '../store/meta/counters.ts';
import { listProfiles } from '../store/profiles/profiles.ts';
import { countByStatus } from '../store/profiles/query.ts';
import type { StoreContext } from '../vault/vault.ts';

/**
 * What Prometheus asks for. All of it is read from the store, so that every replica says the same and a restart loses
 * nothing.
 */
export async function metricsText({ db, now }: StoreContext): Promise<{ contentType: string; text: string }> {
  const registry = new Registry();
  const registers = [registry];
  const at = now();

  const expiry = new Gauge({
    name: 'webex_token_expiry_timestamp_seconds',
    help: 'When the profile’s current token ends, in seconds since 1970.',
    labelNames: ['profile'],
    registers,
  });
  const valid = new Gauge({
    name: 'webex_token_valid',
    help: '1 while the profile’s current token has neither expired nor been rejected, else 0.',
    labelNames: ['profile'],
    registers,
  });
  for (const { profile, current } of await listProfiles(db)) {
    const labels = { profile: profile.name };
    const end = current && knownEnd(expiryOf(current.lifetimes).expiresAt);
    if (end !== null) expiry.set(labels, end / 1000);
    valid.set(labels, ['valid', 'expiring'].includes(statusOf(current, at)) ? 1 : 0);
  }

  const profiles = new Gauge({
    name: 'webex_token_profiles',
    help: 'How many profiles there are of each status.',
    labelNames: ['status'],
    registers,
  });
  const { all: _, ...counts } = await countByStatus(db, { now: at });
  for (const [status, count] of Object.entries(counts)) profiles.set({ status }, count);

  const quarantined = new Gauge({
    name: 'webex_token_quarantined',
    help: '1 while Entra ID has put provisioning with the profile’s token in quarantine, as the last look found it, else 0. Absent where nobody looked yet.',
    labelNames: ['profile'],
    registers,
  });
  const watched = (await listHandoffs(db)).filter(({ handoff }) => handoff.watchedAt !== null);
  for (const { profile } of watched) quarantined.set({ profile }, 0);
  for (const { profile, handoff } of watched) {
    if (handoff.quarantinedSince !== null) quarantined.set({ profile }, 1);
  }

  const reminders = new Counter({
    name: 'webex_token_reminders_total',
    help: 'Reminders by channel, and whether they got through.',
    labelNames: ['channel', 'outcome'],
    registers,
  });
  for (const { label, value } of await readCounters(db, 'reminders')) {
    const [channel = '', outcome = ''] = label.split(' ');
    reminders.inc({ channel, outcome }, value);
  }
  const checks = new Counter({
    name: 'webex_token_checks_total',
    help: 'Daily checks with Webex by their outcome.',
    labelNames: ['outcome'],
    registers,
  });
  for (const { label, value } of await readCounters(db, 'checks')) checks.inc({ outcome: label }, value);

  return { contentType: registry.contentType, text: await registry.metrics() };
}
