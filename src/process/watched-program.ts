import type { ChildProcess } from 'node:child_process';
import { type ExecOptions, exitCodeOf, passSignals, SpawnError } from './exec.ts';
import { startProgram } from './start-program.ts';

/** How long a program may take to end after SIGTERM. Milliseconds. */
export const endTimeoutMs = 10_000;

/** After these, no program is started again. */
const endingSignals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGQUIT'];

/**
 * A program that can be started again with another environment. Its input and output are those of this process, and the
 * signals of this process are passed on to it.
 */
export class WatchedProgram {
  /**
   * The exit code, as of `execute`, once the program ended for another reason than `restart`. Rejects with `SpawnError` if it
   * cannot be started.
   */
  readonly ended: Promise<number>;
  readonly #options: Omit<ExecOptions, 'environment'>;
  readonly #endTimeoutMs: number;
  #child: ChildProcess | undefined;
  /** Set while the old program has to end, so that the next one can start. */
  #onExit: ((code: number) => void) | null = null;
  #hasToEnd = false;
  #isEnding = false;
  #end: { resolve(code: number): void; reject(error: Error): void };

  constructor({ environment, ...options }: ExecOptions, timeoutMs = endTimeoutMs) {
    this.#options = options;
    this.#endTimeoutMs = timeoutMs;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.ended = promise;
    this.#end = { resolve, reject };
    const stopPassing = passSignals((signal) => this.signal(signal), options.terminal);
    const onEnding = (signal: NodeJS.Signals) => {
      this.#hasToEnd = true;
      // The program decides what Ctrl-C on a terminal means: it may go on.
      if (signal === 'SIGTERM' || !options.terminal) this.#isEnding = true;
    };
    for (const signal of endingSignals) process.on(signal, onEnding);
    const stop = () => {
      stopPassing();
      for (const signal of endingSignals) process.off(signal, onEnding);
    };
    promise.then(stop, stop);
    this.#start(environment);
  }

  /** Whether this process was asked to end. The program may still be running, but it is not started again. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /**
   * Ends the program, with SIGTERM and after a while with SIGKILL, and then starts it again. If this process gets a signal to
   * end before or meanwhile, or the program has ended by itself, it is not started again.
   */
  async restart(environment: NodeJS.ProcessEnv): Promise<void> {
    const child = this.#child;
    if (this.#isEnding || child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#hasToEnd = false;
    const exited = new Promise<number>((resolve) => {
      this.#onExit = resolve;
    });
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#endTimeoutMs);
    const code = await exited;
    clearTimeout(timer);
    this.#onExit = null;
    if (this.#hasToEnd) this.#end.resolve(code);
    else this.#start(environment);
  }

  #start(environment: NodeJS.ProcessEnv): void {
    const { command, args } = this.#options;
    const fail = (error: unknown) => {
      this.#child = undefined;
      this.#end.reject(new SpawnError({ ...this.#options, environment }, error as NodeJS.ErrnoException));
    };
    try {
      const child = startProgram(command, args, { environment, stdio: 'inherit' });
      this.#child = child;
      child.once('error', (error) => {
        // A signal that could not be sent is reported here too.
        if (child.pid === undefined) fail(error);
      });
      child.once('exit', (code, signal) => {
        const exitCode = exitCodeOf(code, signal);
        if (this.#onExit !== null) this.#onExit(exitCode);
        else this.#end.resolve(exitCode);
      });
    } catch (error) {
      fail(error);
    }
  }
}
