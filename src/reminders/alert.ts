import type { ReminderMessage } from './message.ts';

/** An event other than a token's expiry, such as a quarantine in Entra ID. It is sent once on each channel. */
export interface Alert {
  /** A token of the profile that the event is about. */
  tokenId: string;
  trigger: string;
  /** The destination that the event is about; null if it is about the profile. */
  destinationId: string | null;
  /** True if the alert is only for channels that programs read, because no person has to do anything. */
  forPrograms?: boolean;
  /** When the event started. A different time means a different event, which is sent again. Epoch milliseconds. */
  eventAt: number;
  /** Creates the message. Called only if the alert is sent. */
  message: () => Promise<ReminderMessage>;
}

/** Implemented by a module that raises alerts. */
export interface AlertSource {
  /** The alerts whose event has not ended yet. */
  currentAlerts(): Promise<Alert[]>;
}
