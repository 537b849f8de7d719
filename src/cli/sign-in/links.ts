import { appOrigin } from '../../config/settings.ts';

/** The full address of a one-time link of the running web app. */
export function linkTo(path: string, server: { port: number }): string {
  return `${appOrigin(server)}${path}`;
}
