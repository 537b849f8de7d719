/** Resolves at the first signal to stop: Ctrl-C, a service manager, or a closed terminal. A second Ctrl-C ends the process at once. */
export function waitForShutdown(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    // A closed terminal sends its signal more than once, and the work that is left may be to clear the clipboard.
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}
