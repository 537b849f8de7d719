import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import { BrokerError } from '../../errors/broker-error.ts';
import { send, sendJson } from '../responses.ts';

/** The data behind the health endpoints, which need no authentication. */
export interface HealthProbes {
  /** Rejects if requests cannot be served, for example without the database. */
  ready(): Promise<void>;
  /** In the text format of Prometheus. */
  metrics?(): Promise<{ contentType: string; text: string }>;
}

/** `GET /healthz`: the process is alive. */
export const liveness: RequestListener = (_request, response) => sendJson(response, 200, '{"status":"ok"}');

/** `GET /readyz`: the process can serve requests. */
export function readiness({ ready }: HealthProbes, log: Pick<Logger, 'warn'>): RequestListener {
  return (_request, response) => {
    ready().then(
      () => sendJson(response, 200, '{"status":"ready"}'),
      (error: unknown) => {
        log.warn({ err: error }, 'not ready');
        const body = JSON.stringify({ status: 'not ready', reason: reasonOf(error) });
        sendJson(response, 503, body, { 'Retry-After': '5' });
      },
    );
  };
}

const reasons: Record<string, string> = {
  E_KEY_REMOVED: 'the key of this server is not authorized to decrypt the store',
  E_STORE_READ_ONLY: 'the database is read-only',
  E_STORE_ROLLED_BACK: 'the database was rolled back to an older state',
  E_INTEGRITY: 'the database was changed outside this program',
};

/** Anyone can read this text, so it does not reveal where the store is. */
function reasonOf(error: unknown): string {
  const reason = error instanceof BrokerError ? reasons[error.code] : undefined;
  return reason ?? 'the store cannot be read or written';
}

/** `GET /metrics`, for Prometheus. */
export function metrics(
  gather: NonNullable<HealthProbes['metrics']>,
  log: Pick<Logger, 'error'>,
): RequestListener {
  return (_request, response) => {
    gather().then(
      ({ contentType, text }) => send(response, 200, contentType, text),
      (error: unknown) => {
        log.error({ err: error }, 'the metrics could not be collected');
        send(response, 503, 'text/plain; charset=utf-8', 'the store cannot be read\n', {
          'Retry-After': '5',
        });
      },
    );
  };
}
