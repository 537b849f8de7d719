import { type DefaultBrowser, findDefaultBrowser } from '../../process/default-browser.ts';
import { environmentForBrowser } from '../../process/environments.ts';
import { startProgram } from '../../process/start-program.ts';

/** The browser that opens our links. `mayOpen` is false with `--no-open`. */
export async function chooseBrowser(mayOpen: boolean): Promise<DefaultBrowser> {
  return mayOpen ? await findDefaultBrowser() : { command: null, why: null };
}

/** Whether a browser will be started. If so, every user of this computer can read the link in its arguments. */
export function willOpen(browser: DefaultBrowser): boolean {
  return browser.command !== null;
}

/** A browser that has not failed within this time counts as opened. Milliseconds. */
const startTimeoutMs = 1_500;

/** Opens a link in a private window. `why` is the reason for a failure; null if there is nothing useful to show. */
export async function openBrowser(
  browser: DefaultBrowser,
  link: string,
): Promise<{ opened: boolean; why: string | null }> {
  if (browser.command === null) return { opened: false, why: browser.why };
  const [program = '', ...args] = browser.command;
  const failure = await start(program, [...args, link], browser.cwd);
  return failure === null
    ? { opened: true, why: null }
    : { opened: false, why: `The browser ${program} did not start (${failure}).` };
}

function start(program: string, args: string[], cwd: string | undefined): Promise<string | null> {
  return new Promise((resolve) => {
    const child = startProgram(program, args, {
      environment: environmentForBrowser(),
      stdio: 'ignore',
      detached: true,
      cwd,
    });
    const timer = setTimeout(resolve, startTimeoutMs, null);
    const end = (failure: string | null) => {
      clearTimeout(timer);
      resolve(failure);
    };
    child.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => end(code));
    child.once('exit', (code) => end(code === 0 || code === null ? null : `exit code ${code}`));
    child.unref();
  });
}
