import { randomUUID } from 'node:crypto';
import { type Channel, PartialDelivery } from './channels/channel.ts';
import { errorText } from './deliver.ts';
import { senderFact } from './instructions.ts';
import type { ReminderMessage } from './message.ts';

/** The result of a test message. */
export interface TestResult {
  ok: boolean;
  /** One or two sentences for the person who sent it. */
  message: string;
}

/** The timeout. It is short because a person waits for the result. Milliseconds. */
const testTimeoutMs = 45_000;

/** Sends a test message on a channel, once. Nothing is recorded, and nothing is retried. */
export async function sendTest(channel: Channel, timeoutMs = testTimeoutMs): Promise<TestResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`there was no response within ${Math.round(timeoutMs / 1000)} seconds`)),
      timeoutMs,
    );
  });
  try {
    await Promise.race([channel.deliver(testMessage()), timeout]);
    return { ok: true, message: `The test was accepted by ${channel.target}. Check that it arrived.` };
  } catch (error) {
    const others = error instanceof PartialDelivery && error.deliveredTo.length > 0;
    const reached = others ? ` It was accepted for ${error.deliveredTo.join(', ')}.` : '';
    return { ok: false, message: `The test failed: ${errorText(error).replace(/\.$/, '')}.${reached}` };
  } finally {
    clearTimeout(timer);
  }
}

function testMessage(): ReminderMessage {
  return {
    id: randomUUID(),
    trigger: 'test',
    organization: 'Example',
    subject: 'Test: reminders about Webex tokens will arrive here',
    summary: 'Someone selected “Send a test” on the Reminders page.',
    action: 'There is nothing to do.',
    shortAction: 'There is nothing to do.',
    facts: [senderFact()],
    contact: null,
    data: {
      profile: 'example',
      deployment: 'commercial',
      orgId: null,
      account: null,
      expiresAt: null,
      effectiveExpiresAt: null,
      daysLeft: null,
      expirySource: null,
    },
  };
}
