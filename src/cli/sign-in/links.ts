import { appOrigin } from '../../config/settings.ts';

/** The address of a one-time link, given as its path, at the web app that runs. */
export function linkTo(path: string, server: { port: number }): string {
  return `${appOrigin(server)}${path}`;
}
