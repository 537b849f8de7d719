import { hostname } from 'node:os';
import { commandLine } from '../errors/remedy.ts';
import { isInstalled, isSingleFile, packageRoot } from '../program-files.ts';

/*
 * Explains how to start this program to someone who set it up a year ago, perhaps on another machine. A checkout has no
 * "webex-token" on the PATH, so npm and npx start it in its folder.
 */

/** The step that starts the web app, with the machine and the folder, as one command for any shell. */
export function startStep(root = packageRoot): string {
  return isInstalled(root)
    ? `On the computer ${hostname()}, open a terminal and run: ${commandLine(['serve'], root)}`
    : `On the computer ${hostname()}, open a terminal and run: npm --prefix "${root}" start`;
}

/** The machine, and the folder of the program or the single file. */
export function senderFact(): { title: string; value: string } {
  return { title: 'Sent from', value: `${hostname()}, ${isSingleFile ? process.execPath : packageRoot}` };
}
