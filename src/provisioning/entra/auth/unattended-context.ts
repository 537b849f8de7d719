import { setTimeout as sleep } from 'node:timers/promises';
import { outboundFetch } from '../../../http/fetch.ts';
import type { PushContext } from '../../push/push-context.ts';

/**
 * The context of background checks without a user. Use it only if the AZURE_* settings allow an unattended sign-in.
 * `keepsAlive`: whether the process stays alive while a retry is pending.
 */
export function unattendedContext({ keepsAlive }: { keepsAlive: boolean }): PushContext {
  return {
    fetch: outboundFetch,
    sleep: (milliseconds) => sleep(milliseconds, undefined, { ref: keepsAlive }),
    onEvent: () => {},
  };
}
