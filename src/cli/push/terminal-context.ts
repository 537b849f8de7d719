import { setTimeout as sleep } from 'node:timers/promises';
import { outboundFetch } from '../../http/fetch.ts';
import type { DeviceCode, PushContext, PushEvent, StepResult } from '../../provisioning/push/push-context.ts';
import { formatRequestLine } from '../../provisioning/requests/request-preview.ts';
import { plural } from '../../text/count.ts';
import { note, print, styled, warn } from '../terminal/terminal.ts';

/** A push in the terminal: progress on standard error, the requests of a dry run on standard output. */
export function terminalContext(shows: { requests: boolean }): PushContext {
  return {
    fetch: outboundFetch,
    sleep: (milliseconds) => sleep(milliseconds),
    onEvent: (event) => report(event, shows),
  };
}

function report(event: PushEvent, shows: { requests: boolean }): void {
  switch (event.type) {
    case 'step':
      note(stepLine(event.step));
      break;
    case 'request':
      if (shows.requests) print(formatRequestLine(event.request));
      break;
    case 'device-code':
      askToSignIn(event.code);
      break;
    case 'warning':
      warn(event.message);
      break;
    case 'wait':
      note(`  ${event.reason}. Trying again in ${event.seconds} s …`);
  }
}

function askToSignIn({ userCode, verificationUri, expiresIn }: DeviceCode): void {
  note(
    'Sign in to Entra ID as an Application Administrator or Cloud Application Administrator. Open this page in a browser:',
  );
  note(`\n${verificationUri}\n`);
  note(
    `and enter the code ${styled('bold', userCode, process.stderr)} within ${plural(Math.floor(expiresIn / 60), 'minute')}. ` +
      'Microsoft shows the app name "Microsoft Graph Command Line Tools", unless AZURE_CLIENT_ID is set to another application. Waiting …',
  );
}

const marks = {
  done: ['green', '✓'],
  skipped: ['yellow', '–'],
  planned: ['cyan', '·'],
  failed: ['red', '✗'],
} as const;

function stepLine({ status, message }: StepResult): string {
  const [color, mark] = marks[status];
  return `${styled(color, mark, process.stderr)} ${message}`;
}
