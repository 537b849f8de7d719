import type { ChannelName } from '../store/reminders.ts';
import type { ReminderMessage } from './message.ts';

/** A way to reach a person. */
export interface Channel {
  name: ChannelName;
  /** Where it leads to, fit to be shown: addresses, a host; never a secret. */
  target: string;
  /**
   * Throws where it did not get through, and is then called again later; the error's message is fit to be shown.
   * Throws `DeliveredInPart` where calling again would only bring others the same message once more.
   */
  deliver(message: ReminderMessage): Promise<void>;
  close(): void;
}

/** Some have it, and somebody never will: an address that is refused for good. */
export class DeliveredInPart extends Error {}
