import type { ReminderMessage } from './message.ts';

/**
 * Something that is to be told of a current token beside its end: once on each channel, for as long as it holds. Who
 * gives the notices leaves out what is over.
 */
export interface Alert {
  tokenId: string;
  trigger: string;
  /** The destination that it is about. */
  destinationId: string;
  /** When it began. Where that is another instant than before, it is to be told anew. Epoch milliseconds. */
  eventAt: number;
  /** Made only where it is sent. */
  message: () => Promise<ReminderMessage>;
}
