import type { ReminderMessage } from './message.ts';

/** An event other than the expiry of a token, such as a quarantine in Entra ID. It is sent once on each channel. */
export interface Alert {
  /** A token of the profile that the event is about. */
  tokenId: string;
  trigger: string;
  /** The destination that the event is about; null if it is about the profile. */
  destinationId: string | null;
  /** Only for channels that programs read: no person has to do anything. */
  forPrograms?: boolean;
  /** When the event started: another instant is another event, which is sent again. Epoch milliseconds. */
  eventAt: number;
  /** Written only if the alert is sent. */
  message: () => Promise<ReminderMessage>;
}

/** Implemented by a room that raises alerts. */
export interface AlertSource {
  /** The alerts whose event is not over yet. */
  currentAlerts(): Promise<Alert[]>;
}
