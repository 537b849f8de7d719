/*
 * What the person's shell gave this process, before it changed anything: its own files are for their owner alone
 * (umask 077), and a program that a person runs by us must not notice.
 */

export interface Caller {
  /** The file mode creation mask. */
  umask: number;
  environment: NodeJS.ProcessEnv;
}

let caller: Caller | null = null;

/** Called once, at the very start. */
export function rememberCaller(given: Caller): void {
  caller = given;
}

/** The environment that this process was started with. */
export function callerEnvironment(): NodeJS.ProcessEnv {
  return caller?.environment ?? process.env;
}

/**
 * Runs something under the caller's umask. Node knows one umask for the whole process, so it has to be synchronous:
 * nothing else of this program runs meanwhile, and what a thread of Node's may be writing names its own mode.
 */
export function withCallerUmask<T>(action: () => T): T {
  if (caller === null) return action();
  const own = process.umask(caller.umask);
  try {
    return action();
  } finally {
    process.umask(own);
  }
}
