import { commandLine } from '../../errors/remedy.ts';
import type { DefaultBrowser } from '../../process/default-browser.ts';
import { note, styled } from '../terminal/terminal.ts';
import { openBrowser } from './browser.ts';
import { noteSshTunnel } from './ssh-tunnel.ts';

/** Opens the web app in a private window, or prints its one-time link and why no window opened. */
export async function openWebApp(link: string, browser: DefaultBrowser): Promise<void> {
  const { opened, why } = await openBrowser(browser, link);
  if (opened) {
    note(`Opened the web app in a private window: ${styled('bold', new URL(link).origin, process.stderr)}`);
  } else {
    if (why !== null) note(why);
    note('Open this link in a private browser window. It works once, for ten minutes:');
    note(`\n${link}\n`);
    noteSshTunnel({ port: Number(new URL(link).port) }, ['login', 'PROFILE', '--paste']);
  }
  note(`For another link, run: ${commandLine(['open'])}`);
}
