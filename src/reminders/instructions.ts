import { hostname } from 'node:os';
import { sep } from 'node:path';
import { commandLine } from '../errors/remedy.ts';
import { packageRoot } from '../package-root.ts';

/*
 * How to start this program, for a reader who set it up a year ago, perhaps on another machine. A checkout has no
 * "webex-token" on the PATH: there, npm and npx start it in its folder.
 */

/** An installed package lies in node_modules; otherwise it is a checkout. */
function isInstalled(root = packageRoot): boolean {
  return root.split(sep).includes('node_modules');
}

/** A command as the reader has to type it, in the folder of the program if it is a checkout. */
export function typedCommand(command: readonly string[], root = packageRoot): string {
  return isInstalled(root) ? commandLine(command) : `npx ${commandLine(command)}`;
}

/** The step that starts the web app, with the machine and the folder. */
export function startStep(root = packageRoot): string {
  return isInstalled(root)
    ? `On the computer ${hostname()}, open a terminal and run: ${commandLine(['serve'])}`
    : `On the computer ${hostname()}, open a terminal in the folder ${root} and run: npm start`;
}

/** The machine and the folder of the program. */
export function senderFact(): { title: string; value: string } {
  return { title: 'Sent from', value: `${hostname()}, ${packageRoot}` };
}
