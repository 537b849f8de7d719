import { describe, expect, it } from 'vitest';
import { plainText } from '../../src/reminders/channels/mail-body.ts';
import { reminderMessage } from '../../src/reminders/message.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';

const now = Date.UTC(2027, 2, 1);
const day = 86_400_000;
const entra = {
  provider: 'entra',
  appName: 'Cisco Webex',
  appId: 'app-1',
  method: 'push',
  via: 'token',
} as const;
const okta = { ...entra, provider: 'okta', appId: 'app-2' } as const;

function message(changes: Partial<Parameters<typeof reminderMessage>[0]> = {}) {
  const lifetimes = { confirmed: now + 7 * day, reported: null, documented: null };
  return reminderMessage({
    profile: fakeProfile({ name: 'acme', displayName: 'Acme Corporation' }),
    token: fakeToken({ lifetimes }),
    origin: 'http://localhost:3000',
    due: { trigger: '7', eventAt: now },
    now,
    timeZone: 'UTC',
    ...changes,
  });
}

describe('a reminder', () => {
  it('says what each provider does if nobody acts', () => {
    const disables = /Entra ID disables provisioning after 28 days of failures, about 5 April/;
    const tasks = /Okta lists failed changes under Tasks/;
    expect(message({ destinations: [entra] }).summary).toMatch(disables);
    expect(message({ destinations: [entra] }).summary).not.toMatch(tasks);
    expect(message({ destinations: [okta] }).summary).toMatch(tasks);
    expect(message({ destinations: [okta] }).summary).not.toMatch(disables);
    const both = message({ destinations: [entra, okta, okta] }).summary;
    expect(both).toMatch(disables);
    expect(both.match(/Okta lists/g)).toHaveLength(1);
    expect(message().summary).toMatch(disables);
  });

  it('says the same about a destination that still holds the earlier token', () => {
    const profile = fakeProfile({ displayName: 'Acme Corporation', undeliveredUntil: now + 7 * day });
    const { organization, subject, summary } = message({ profile, outdated: [okta] });
    expect(organization).toBe('Acme Corporation');
    expect(subject).toMatch(/^Deliver the Webex token for Acme Corporation to Okta \(Cisco Webex\) by /);
    expect(summary).toMatch(/Okta lists failed changes/);
  });

  it('asks for nothing after the renewal if every destination is always current', () => {
    const text = plainText(message({ destinations: [{ ...entra, via: 'relay' }] }));
    expect(text).toContain('gets the new token automatically');
    expect(text).not.toMatch(/--push|select Update/);
    expect(message({ destinations: [{ ...entra, via: 'relay' }] }).action).not.toContain('Then update');
  });
});
