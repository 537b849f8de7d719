import type { Logger } from 'pino';
import { createApi } from '../api/app.ts';
import { appOrigin } from '../config.ts';
import { BrokerError } from '../errors.ts';
import { settlePending } from '../vault/settle-pending.ts';
import type { Vault } from '../vault/vault.ts';
import { createWebApp } from '../web/app.ts';
import { listenOnLoopback } from './listen.ts';
import { operationsOf } from './operations.ts';
import { announce, findServer } from './presence.ts';
import { withApi } from './with-api.ts';

export interface RunningServer {
  port: number;
  /** Stops listening, lets requests and checks under way finish. */
  close(): Promise<void>;
}

/** Serves the web app for this vault, and the token API with it. Throws `E_RUNNING` where it is served already, `E_PORT_TAKEN`, `E_LISTEN`. */
export async function startServer(
  vault: Vault,
  log: Logger,
  options: { demonstration?: boolean } = {},
): Promise<RunningServer> {
  const { home, port } = vault.settings;
  const other = await findServer(home);
  if (other !== null) {
    throw new BrokerError(
      'E_RUNNING',
      `The web app runs already, on http://localhost:${other.port} (process ${other.pid}).`,
      { help: 'Open it with: webex-token open' },
    );
  }
  const presence = announce(home, port);
  try {
    const { app, idle } = createWebApp({ vault, log, instanceSecret: presence.secret, ...options });
    const issuer = vault.settings.issuer ?? appOrigin(vault.settings);
    const api = createApi({ vault, log, issuer, operations: operationsOf(vault) });
    const listening = await listenOnLoopback(withApi(app, api.app, port), port).catch(
      async (error: unknown) => {
        await api.close();
        throw error;
      },
    );
    void settlePending(vault, log);
    return {
      port,
      close: async () => {
        presence.leave();
        await listening.close();
        await api.close();
        await idle();
      },
    };
  } catch (error) {
    presence.leave();
    throw error;
  }
}
