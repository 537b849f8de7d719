import type { Request } from 'express';
import type { Logger } from 'pino';
import type { Actor, Vault } from '../vault/context.ts';
import type { CsvImports } from './jobs/csv-imports.ts';
import type { PushJobs } from './jobs/push-jobs.ts';
import type { TokenTestJobs } from './jobs/token-test-jobs.ts';
import type { VerificationJobs } from './jobs/verification-jobs.ts';
import type { Render } from './render.ts';
import type { CleanupServer } from './service-worker-cleanup/server-app.ts';

/** The dependencies of all page handlers. */
export interface WebContext {
  vault: Vault;
  log: Logger;
  verifications: VerificationJobs;
  tokenTests: TokenTestJobs;
  pushJobs: PushJobs;
  csvImports: CsvImports;
  render: Render;
  /** How long a page waits for Webex before it shows that the work is still running. Milliseconds. */
  waitMs: number;
  /** Null if it could not listen. */
  cleanupServer: CleanupServer | null;
}

/** The address that a request comes from, for the audit log. */
export function actorOf(request: Pick<Request, 'socket'>): Actor {
  const address = request.socket.remoteAddress;
  return address === undefined ? {} : { address };
}
