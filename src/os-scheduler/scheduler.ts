import type { System } from './system.ts';

/** What is to be run every hour. It holds no secret: those are in a file that it names. */
export interface Job {
  /** The program and its arguments. */
  command: string[];
}

/** A job as a scheduler has it now. */
export interface InstalledJob {
  /** Where it stands. */
  place: string;
  /** The program and its arguments; null where that is not as this program writes it. */
  command: string[] | null;
  /** Why the scheduler does not run it, or null. */
  stopped: string | null;
}

/** One thing that will be done. */
export type Step =
  | { do: 'write'; path: string; content: string; encoding?: 'utf8' | 'utf16le' }
  /** Its values may be secrets: a person is shown the names alone. */
  | { do: 'write-settings'; path: string; content: string; names: string[] }
  | { do: 'remove'; path: string }
  /** `mayFail`: it undoes what may not be there. */
  | { do: 'run'; file: string; args: string[]; input?: string; mayFail?: true };

/** One of the system's own schedulers, for this person's account. */
export interface Scheduler {
  title: string;
  /** What a person should know about it, beyond the steps. */
  advice: string | null;
  /** Whether it can be used on this machine. */
  isThere(machine: System): Promise<boolean>;
  install(job: Job, machine: System): Promise<Step[]>;
  /** Empty where there is nothing to remove. */
  remove(machine: System): Promise<Step[]>;
  /** Null where it is not installed. */
  installed(machine: System): Promise<InstalledJob | null>;
}
