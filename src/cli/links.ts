import { sideDoorOrigin } from '../server/side-door.ts';

/** Where a one-time link of the web app leads to. */
export interface Links {
  /** At the web app itself. Printed: it is the port that people forward. */
  main: string;
  /** For a normal browser window, where another project may have left a service worker: through the side door. */
  normal: string;
}

/** The addresses of a one-time link, given as its path, at the server that runs. */
export function linksTo(path: string, server: { port: number; sidePort: number | null }): Links {
  const main = `http://localhost:${server.port}${path}`;
  return { main, normal: server.sidePort === null ? main : `${sideDoorOrigin(server.sidePort)}${path}` };
}
