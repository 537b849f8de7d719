import open, { apps } from 'open';
import { sparingSecrets } from '../child-environment.ts';
import type { Links } from './links.ts';

/**
 * Opens a link in a private window where the default browser is one that can be asked for it, else in a normal
 * one. Says which it was; `none` where there is no desktop to open anything on.
 */
export async function openBrowser({ main, normal }: Links): Promise<'private' | 'normal' | 'none'> {
  if (!hasDesktop()) return 'none';
  try {
    await launch(main, { app: { name: apps.browserPrivate } });
    return 'private';
  } catch {
    // The default browser is unknown, or has no private window that can be asked for.
  }
  try {
    await launch(normal, {});
    return 'normal';
  } catch {
    return 'none';
  }
}

/** Whether `openBrowser` is going to start a browser: then every user of this machine can read the link it gets. */
export function hasDesktop(): boolean {
  if (process.platform !== 'linux') return true;
  const { DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME } = process.env;
  return [DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME].some((value) => value !== undefined && value !== '');
}

/** How long a browser has to fail. One that does not return by then has opened. Milliseconds. */
const startTimeoutMs = 1_500;

async function launch(url: string, options: Parameters<typeof open>[1]): Promise<void> {
  const child = await sparingSecrets(() => open(url, options));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, startTimeoutMs);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      if (code === 0 || code === null) resolve();
      else reject(new Error(`the browser ended with ${code}`));
    });
  });
  child.unref();
}
