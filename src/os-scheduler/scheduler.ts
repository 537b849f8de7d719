import type { System } from './system.ts';

/** The hourly job. It contains no secret: its command names a file that does. */
export interface Job {
  /** The program and its arguments. */
  command: string[];
}

/** A job as it is installed in a scheduler. */
export interface InstalledJob {
  /** A path or a name, for a person. */
  location: string;
  /** The program and its arguments; null if someone else changed them. */
  command: string[] | null;
  /** Why the scheduler does not run the job, or null if it does. */
  inactiveReason: string | null;
}

/** One action of an installation or a removal. */
export type Step =
  | { do: 'write'; path: string; content: string; encoding?: 'utf8' | 'utf16le' }
  /** The values may be secrets: only the names are shown. */
  | { do: 'write-settings'; path: string; content: string; names: string[] }
  | { do: 'remove'; path: string }
  /** `mayFail`: it undoes something that may not exist. */
  | { do: 'run'; file: string; args: string[]; input?: string; mayFail?: true };

/** A scheduler of the operating system, for the account of the current user. */
export interface Scheduler {
  title: string;
  /** A limitation that the user should know about. */
  note: string | null;
  supports(platform: NodeJS.Platform): boolean;
  /** Whether this machine has it and the user may use it now, on a platform that it supports. */
  isAvailable(system: System): Promise<boolean>;
  install(job: Job, system: System): Promise<Step[]>;
  /** Empty if there is nothing to remove. */
  remove(system: System): Promise<Step[]>;
  /** Null if the job is not installed. */
  installed(system: System): Promise<InstalledJob | null>;
}
