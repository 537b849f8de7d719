import { setTimeout as sleep } from 'node:timers/promises';
import { outboundFetch } from '../../../http/fetch.ts';
import type { EntraContext } from '../push/push-profile.ts';

/**
 * For looks at which nobody looks on. Whoever uses them has made sure that no person is needed to sign in.
 * `keepsAlive`: whether the process may not end while one waits to try again.
 */
export function unattendedContext({ keepsAlive }: { keepsAlive: boolean }): Omit<EntraContext, 'onStep'> {
  return {
    fetch: outboundFetch,
    patience: {
      sleep: (milliseconds) => sleep(milliseconds, undefined, { ref: keepsAlive }),
      onWait: () => {},
    },
    onRequest: () => {},
    onDeviceCode: () => {},
  };
}
