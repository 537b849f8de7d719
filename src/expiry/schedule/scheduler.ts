import type { Machine } from './machine.ts';

/** What is to be run every hour. It holds no secret: those are read from `.env` when it runs. */
export interface Job {
  /** The program and its arguments. */
  command: string[];
  /** What of the environment the program has to have again. */
  environment: Record<string, string>;
}

/** One thing that will be done. */
export type Step =
  | { do: 'write'; path: string; content: string; encoding?: 'utf8' | 'utf16le' }
  | { do: 'remove'; path: string }
  /** `mayFail`: it undoes what may not be there. */
  | { do: 'run'; file: string; args: string[]; input?: string; mayFail?: true };

/** One of the system's own schedulers, for this person's account. */
export interface Scheduler {
  title: string;
  /** What a person should know about it, beyond the steps. */
  advice: string | null;
  /** Whether it can be used on this machine. */
  isThere(machine: Machine): Promise<boolean>;
  install(job: Job, machine: Machine): Promise<Step[]>;
  /** Empty where there is nothing to remove. */
  remove(machine: Machine): Promise<Step[]>;
  /** Where the job stands, or null where it is not installed. */
  installed(machine: Machine): Promise<string | null>;
}
