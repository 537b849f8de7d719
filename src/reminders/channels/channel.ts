import type { ChannelName } from '../../store/reminders/schedule.ts';
import type { ReminderMessage } from '../message.ts';

/** A way to send reminders. */
export interface Channel {
  /** One word, unique among the channels; stored with each reminder. */
  name: ChannelName;
  /** Where the messages go, for display: email addresses or a host, never a secret. */
  target: string;
  /** Whether programs read this channel. If so, it also gets events that require no action from a person. */
  forPrograms?: boolean;
  /** How long the delivery of one message may take. Milliseconds. Default: one minute. */
  timeoutMs?: number;
  /**
   * Sends a message to all recipients except those in `deliveredTo`, who already have it. Throws `PartialDelivery` if some
   * recipients were rejected, `ChannelTimeout` if there was no response in time, and any other error if the channel failed.
   * The error's message is displayed.
   */
  deliver(message: ReminderMessage, deliveredTo?: readonly string[]): Promise<void>;
  /** Sends several events in one message. If absent, each event is sent separately. */
  digest?: {
    /** Who gets a message about this event. Absent if the channel has no recipients. */
    recipientsOf?(message: ReminderMessage): readonly string[];
    /** Sends these events, most urgent first, to exactly these recipients. Throws the same errors as `deliver`. */
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

/** Thrown if the channel did not respond in time. The next message would have to wait just as long. */
export class ChannelTimeout extends Error {}
