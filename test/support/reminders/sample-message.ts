import type { Profile } from '../../../src/domain/profile.ts';
import type { Token } from '../../../src/domain/token.ts';
import { type ReminderMessage, reminderMessage } from '../../../src/reminders/message.ts';
import { fakeProfile, fakeToken } from '../store/fake-rows.ts';
import { days, today } from './reminder-fixtures.ts';

/** A reminder two weeks before the expiry, in UTC. */
export function sampleMessage(profile: Partial<Profile> = {}, token: Partial<Token> = {}): ReminderMessage {
  const expiresAt = today + days(14);
  return reminderMessage({
    profile: fakeProfile({
      name: 'acme',
      orgId: '00000000-1111-4222-8333-444444444444',
      ...profile,
    }),
    token: fakeToken({
      id: 'token-1',
      capturedAt: expiresAt - days(365),
      lifetimes: { confirmed: expiresAt, reported: null, documented: expiresAt },
      account: {
        id: 'person-1',
        displayName: 'Ada Nakamura',
        email: 'ada@acme.example',
        orgId: '00000000-1111-4222-8333-444444444444',
        admin: 'full',
      },
      ...token,
    }),
    origin: 'http://localhost:3000',
    due: { trigger: '14', eventAt: expiresAt },
    now: today,
    timeZone: 'UTC',
  });
}
