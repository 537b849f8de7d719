import type { ChannelName } from '../../store/reminder-schedule.ts';
import type { ReminderMessage } from '../message.ts';

/** A way to reach a person. */
export interface Channel {
  name: ChannelName;
  /** Where it leads to, fit to be shown: addresses, a host; never a secret. */
  target: string;
  /** How long one message may take; a minute where absent. Milliseconds. */
  timeoutMs?: number;
  /**
   * Sends a message, but not to those who have it already. Throws where it did not reach everyone: `NotForEveryone` where
   * that is for a reason of single recipients, anything else where the channel failed. The error's message is fit to be shown.
   */
  deliver(message: ReminderMessage, deliveredTo?: readonly string[]): Promise<void>;
  close(): void;
}

/** A message that the channel took, but not for every recipient. */
export class NotForEveryone extends Error {
  /** Who has it by now. */
  readonly deliveredTo: string[];
  /** Whether another attempt may reach the others. */
  readonly mayRetry: boolean;

  constructor(message: string, deliveredTo: string[], mayRetry: boolean) {
    super(message);
    this.deliveredTo = deliveredTo;
    this.mayRetry = mayRetry;
  }
}

/** A channel that did not answer in time: what is sent next would wait as long. */
export class ChannelSilent extends Error {}
