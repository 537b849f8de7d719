import { describe, expect, it, onTestFinished } from 'vitest';
import { mailChannel } from '../../src/reminders/channels/mail.ts';
import { mailServer } from '../support/reminders/mail-server.ts';
import { sampleMessage } from '../support/reminders/sample-message.ts';
import { selfSigned } from '../support/self-signed.ts';

describe('mail', () => {
  it.each([
    [
      'has expired',
      selfSigned('mail.test', '20250101000000Z'),
      /is not valid at this time\. Check this machine’s clock/,
    ],
    [
      'has another name',
      selfSigned('mail.test'),
      /is for another host name\. Use the name in the certificate/,
    ],
  ])(
    'is not sent if the certificate of the server %s, and the reason is named',
    async (_, pair, expected) => {
      const { port, letters } = await mailServer({
        secure: true,
        cert: pair.certificate,
        key: pair.privateKey,
      });
      const settings = { webhookUrl: null, webhookSecret: null, days: [], mailFrom: null };
      const mail = mailChannel(
        { ...settings, smtpUrl: `smtps://0.0.0.0:${port}`, mailTo: ['it@acme.example'] },
        { certificates: () => [pair.certificate] },
      );
      onTestFinished(() => mail?.close());
      await expect(mail?.deliver(sampleMessage())).rejects.toThrow(expected);
      expect(letters).toEqual([]);
    },
  );
});
