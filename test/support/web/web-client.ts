import { once } from 'node:events';
import { Agent, createServer, type RequestListener, type Server } from 'node:http';
import pino from 'pino';
import type { SuperAgentRequest } from 'superagent';
import supertest from 'supertest';
import type TestAgent from 'supertest/lib/agent.js';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { createAccessLink } from '../../../src/vault/sign-in/access-links.ts';
import { createWebApp, type WebApp } from '../../../src/web/app.ts';
import { atEnd } from '../for-file.ts';
import { stepHangsMs } from '../hang-limits.ts';
import { newVault, type TestVault } from '../vault/test-vault.ts';

export const origin = 'http://localhost:3000';
export const host = 'localhost:3000';

export interface Served extends WebApp {
  vault: TestVault;
  /** Everything that was logged. */
  logged(): string;
  /** A browser without a session. It sends the right host and no origin. */
  visitor(): TestAgent;
  /** A browser with an authenticated session. It sends the origin of the web app. */
  person(): Promise<TestAgent>;
}

/** The web app with a new vault, on a free port until the test ends. */
export async function served(
  simulator?: Simulator,
  options: { vault?: TestVault; demonstration?: boolean; waitMs?: number } = {},
): Promise<Served> {
  const { vault = await newVault(simulator), ...rest } = options;
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const web = createWebApp({ vault, log: logger, waitMs: stepHangsMs, ...rest });
  const { server, connections } = await listening(web.app);
  const visitor = () =>
    supertest
      .agent(server)
      .use((request: SuperAgentRequest) => request.agent(connections))
      .set('Host', host);
  return {
    ...web,
    vault,
    logged: () => lines.join(''),
    visitor,
    async person() {
      const agent = visitor().set('Origin', origin);
      await agent.get(`/access/${await createAccessLink(vault)}`).expect(303);
      return agent;
    },
  };
}

interface SharedServer {
  server: Server;
  /** The connections of all tests: the owner of each is looked up once. */
  connections: Agent;
  handler: RequestListener;
}

/** Servers that no test uses at the moment. */
const free: SharedServer[] = [];

/** A server that passes its requests to the handler until the test ends, and then serves another test. */
async function listening(handler: RequestListener): Promise<SharedServer> {
  const shared = free.pop() ?? (await newServer());
  shared.handler = handler;
  atEnd(() => void free.push(shared));
  return shared;
}

async function newServer(): Promise<SharedServer> {
  const server = createServer((request, response) => shared.handler(request, response));
  const shared: SharedServer = { server, connections: new Agent({ keepAlive: true }), handler: () => {} };
  // A connection that ends while it is idle could end just as the next request is sent.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return shared;
}
