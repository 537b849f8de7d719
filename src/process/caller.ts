/*
 * What this process inherited from the person's shell. This process creates files for their owner only (umask 077), but a
 * program that it runs for the person must get the inherited umask and environment.
 */

export interface Caller {
  /** The file mode creation mask. */
  umask: number;
  environment: NodeJS.ProcessEnv;
}

let caller: Caller | null = null;

/** Called once, before anything else. */
export function rememberCaller(given: Caller): void {
  caller = given;
}

/** The environment that this process was started with. */
export function callerEnvironment(): NodeJS.ProcessEnv {
  return caller?.environment ?? process.env;
}

/**
 * Runs a function with the caller's umask. The umask is global to the process, so the function has to be synchronous:
 * nothing else of this program runs meanwhile, and files that Node's threads may be writing have an explicit mode.
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
