import { expect } from 'vitest';
import { dayMs, lifetimesAtCapture } from '../../../src/domain/lifetimes.ts';
import type { Profile } from '../../../src/domain/profile.ts';
import { defaultReminderDays } from '../../../src/domain/reminder-triggers.ts';
import type { Token } from '../../../src/domain/token.ts';
import type { LeaseOwner } from '../../../src/process/lease-owner.ts';
import type { Channel } from '../../../src/reminders/channels/channel.ts';
import type { Delivery } from '../../../src/reminders/deliver.ts';
import type { ReminderMessage } from '../../../src/reminders/message.ts';
import { sendReminders } from '../../../src/reminders/send-reminders.ts';
import type { Db } from '../../../src/store/db.ts';
import { saveDestination } from '../../../src/store/destinations.ts';
import { insertProfile } from '../../../src/store/profiles/profiles.ts';
import { currentTokensOf, insertToken, setCurrent } from '../../../src/store/profiles/tokens.ts';
import type { ChannelName } from '../../../src/store/reminders/schedule.ts';
import type { StoreContext } from '../../../src/vault/context.ts';
import { fakeProfile, fakeToken } from '../store/fake-rows.ts';
import { newStore, reopened } from '../store/test-store.ts';

/** The day on which these tests start. */
export const today = Date.UTC(2027, 2, 1);

export interface TestRecords extends StoreContext {
  file: string;
  setNow(now: number): void;
  profile: Profile;
}

/** A store with one profile, "acme". */
export async function acme(days: number[] = defaultReminderDays): Promise<TestRecords> {
  const { db, file } = await newStore();
  const profile = fakeProfile({ name: 'acme', orgId: '00000000-1111-4222-8333-444444444444' });
  await insertProfile(db, profile);
  let now = today;
  return {
    db,
    file,
    profile,
    now: () => now,
    setNow: (value) => {
      now = value;
    },
    settings: { port: 3000, reminders: { days } } as StoreContext['settings'],
  };
}

/** The same store, opened as by another process, with the same clock. */
export async function asAnotherProcess(records: TestRecords): Promise<TestRecords> {
  return { ...records, db: await reopened(records.file) };
}

/** Records that Entra ID holds the current token. */
export async function deliver({ db, profile }: { db: Db; profile: Profile }): Promise<void> {
  const [current] = await currentTokensOf(db, [profile.id]);
  const app = { provider: 'entra', appId: 'app-1', appName: 'Cisco Webex', method: 'push' } as const;
  const installed = { tokenId: current?.id ?? null, installedAt: today };
  await saveDestination(db, { ...app, profileId: profile.id, steps: [], ...installed });
}

/** A new current token, captured at `capturedAt`; the one before it becomes an earlier one. */
export async function capture(
  { db, profile }: { db: Db; profile: Profile },
  capturedAt: number,
  changes: Partial<Token> & { expiresAt?: number } = {},
): Promise<Token> {
  const { expiresAt, ...more } = changes;
  const token = fakeToken({
    profileId: profile.id,
    state: 'pending',
    capturedAt,
    lifetimes: { ...lifetimesAtCapture(capturedAt, null), confirmed: expiresAt ?? null },
    account: {
      id: 'person-1',
      displayName: 'Ada Nakamura',
      email: 'ada@acme.example',
      orgId: profile.orgId ?? '',
      admin: 'full',
    },
    verifiedAt: capturedAt,
    ...more,
  });
  await insertToken(db, token, 'sealed');
  await setCurrent(db, token);
  return { ...token, state: 'current' };
}

export interface TestChannel extends Channel {
  received: ReminderMessage[];
  /** The error message of the next deliveries, or null. */
  failing: string | null;
}

export function testChannel(name: ChannelName = 'mail'): TestChannel {
  const channel: TestChannel = {
    name,
    target: 'a test',
    received: [],
    failing: null,
    deliver: async (message) => {
      if (channel.failing !== null) throw new Error(channel.failing);
      channel.received.push(message);
    },
    close: () => {},
  };
  return channel;
}

export const running: LeaseOwner = { id: 'a running process', hasExited: () => false };

/** One run. In short: "channel trigger outcome". */
export async function run(
  records: StoreContext,
  channels: Channel[],
  more: { leaseOwner?: LeaseOwner; retryNow?: boolean } = {},
): Promise<string[]> {
  const deliveries = await sendReminders(records, { channels, leaseOwner: running, ...more });
  return deliveries.map(summaryOf);
}

export function summaryOf({ channel, trigger, outcome }: Delivery): string {
  return `${channel} ${trigger} ${outcome}`;
}

export const days = (count: number) => count * dayMs;

const killed: LeaseOwner = { id: 'a killed process', hasExited: () => false };

/** A process of the machine on which the one that `leaveLease` describes has exited. */
export const sawExit: LeaseOwner = { ...running, hasExited: (id) => id === killed.id };

/** Leaves the state of a process that was killed while it delivered: `send` never returns, so the lease stays. */
export async function leaveLease(
  records: TestRecords,
  channel: TestChannel,
  send: (records: TestRecords, channels: TestChannel[], more: { leaseOwner: LeaseOwner }) => Promise<unknown>,
): Promise<void> {
  const dying = { ...channel, deliver: () => new Promise<void>(() => {}) };
  send(await asAnotherProcess(records), [dying], { leaseOwner: killed }).catch(() => {});
  await expect.poll(() => records.db.selectFrom('reminder').select('state').execute()).not.toEqual([]);
}
