import type { DefaultBrowser } from '../../process/default-browser.ts';
import { note, styled } from '../terminal/terminal.ts';
import { openBrowser } from './browser.ts';

/** Opens the web app in a private window, or prints its one-time link and why no window was opened. */
export async function openWebApp(link: string, browser: DefaultBrowser): Promise<void> {
  const { opened, why } = await openBrowser(browser, link);
  if (opened) {
    note(`The web app is open in a private window: ${styled('bold', new URL(link).origin, process.stderr)}`);
  } else {
    if (why !== null) note(why);
    note('Open the web app in a private window of your browser. The link works once, within ten minutes:');
    note(`\n${link}\n`);
  }
  note('For another link run "webex-token open". Stop with Ctrl-C.');
}
