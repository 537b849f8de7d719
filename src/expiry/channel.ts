import type { ChannelName } from '../store/reminders.ts';
import type { ReminderMessage } from './message.ts';

/** A way to reach a person. */
export interface Channel {
  name: ChannelName;
  /** Where it leads to, fit to be shown: addresses, a host; never a secret. */
  target: string;
  /** Throws where it did not get through; the error's message is fit to be shown. */
  deliver(message: ReminderMessage): Promise<void>;
  close(): void;
}
