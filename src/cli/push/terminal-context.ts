import { setTimeout as sleep } from 'node:timers/promises';
import { outboundFetch } from '../../http/fetch.ts';
import type { EntraContext } from '../../provisioning/entra/push/push-profile.ts';
import { formatRequestLine } from '../../provisioning/request-preview.ts';
import type { StepResult } from '../../provisioning/steps.ts';
import { note, print, styled } from '../terminal/terminal.ts';

/** A hand-over in the terminal: progress on standard error, a dry run's requests on standard output. */
export function terminalContext(shows: { requests: boolean }): EntraContext {
  return {
    fetch: outboundFetch,
    patience: {
      sleep: (milliseconds) => sleep(milliseconds),
      onWait: (seconds, why) => note(`  ${why}. Trying again in ${seconds} s …`),
    },
    onStep: (result) => note(stepLine(result)),
    onRequest: (request) => {
      if (shows.requests) print(formatRequestLine(request));
    },
    onDeviceCode: ({ userCode, verificationUri, expiresIn }) => {
      note(
        'Sign in to Entra ID as an Application Administrator or Cloud Application Administrator. Open this page in a browser:',
      );
      note(`\n${verificationUri}\n`);
      note(
        `and type the code ${styled('bold', userCode, process.stderr)}, within ${Math.floor(expiresIn / 60)} minutes. ` +
          'Unless AZURE_CLIENT_ID names another application, it says "Microsoft Graph Command Line Tools". Waiting …',
      );
    },
  };
}

const marks = {
  done: ['green', '✓'],
  left: ['yellow', '–'],
  planned: ['cyan', '·'],
  failed: ['red', '✗'],
} as const;

function stepLine({ status, message }: StepResult): string {
  const [colour, mark] = marks[status];
  return `${styled(colour, mark, process.stderr)} ${message}`;
}
