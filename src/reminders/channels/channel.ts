import type { ChannelName } from '../../store/reminders/schedule.ts';
import type { ReminderMessage } from '../message.ts';

/** A way to send reminders. */
export interface Channel {
  /** One word, unique among the channels; stored with each reminder. */
  name: ChannelName;
  /** Where the messages go, for display: mail addresses or a host, never a secret. */
  target: string;
  /** Whether programs read it, so that it also gets events about which no person has to do anything. */
  forPrograms?: boolean;
  /** How long the delivery of one message may take; a minute if absent. Milliseconds. */
  timeoutMs?: number;
  /**
   * Sends a message to all recipients except those in `deliveredTo`, who already have it. Throws `PartialDelivery` if some
   * recipients were refused, `ChannelTimeout` if there was no answer in time, and any other error if the channel failed.
   * The message of the error is displayed.
   */
  deliver(message: ReminderMessage, deliveredTo?: readonly string[]): Promise<void>;
  /** Reports several events in one message; absent: each event is sent by itself. */
  digest?: {
    /** Who gets a message about this event; absent: the channel has no recipients. */
    recipientsOf?(message: ReminderMessage): readonly string[];
    /** Sends these events, the most urgent first, to exactly these recipients. Throws as `deliver` does. */
    deliver(messages: readonly ReminderMessage[], recipients: readonly string[]): Promise<void>;
  };
  close(): void;
}

/** The channel accepted the message, but not for every recipient. */
export class PartialDelivery extends Error {
  /** The recipients that have the message now. */
  readonly deliveredTo: string[];
  /** Whether another attempt may reach the others. */
  readonly mayRetry: boolean;

  constructor(message: string, deliveredTo: string[], mayRetry: boolean) {
    super(message);
    this.deliveredTo = deliveredTo;
    this.mayRetry = mayRetry;
  }
}

/** The channel did not answer in time: the next message would wait as long. */
export class ChannelTimeout extends Error {}
