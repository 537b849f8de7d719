import { join } from 'node:path';
import type { Router } from 'express';
import { packageRoot } from '../package-root.ts';
import { route } from './route.ts';

const style = join(packageRoot, 'views/assets');
const scripts = join(packageRoot, 'dist/browser');
const javascript = 'text/javascript; charset=utf-8';

/** All files that are served: no other file in these folders can be requested. */
const assets: [name: string, folder: string, type: string][] = [
  ['style.css', style, 'text/css; charset=utf-8'],
  ['favicon.svg', style, 'image/svg+xml'],
  ['capture.js', scripts, javascript],
  ['copy.js', scripts, javascript],
  ['push-progress.js', scripts, javascript],
  ['service-worker-probe.js', scripts, javascript],
  ['auto-hide-secret.js', scripts, javascript],
  ['service-worker-cleanup.js', scripts, javascript],
  ['redirect.js', scripts, javascript],
  ['poll.js', scripts, javascript],
];

/** Serves the style sheet, the icon and the scripts of the pages. */
export function serveAssets(app: Router): void {
  for (const [name, root, type] of assets) {
    route(app, `/assets/${name}`, {
      get: (_request, response, next) => {
        response.set({ 'Content-Type': type, 'Cache-Control': 'no-cache' });
        // The program may be installed below a folder whose name starts with a dot.
        response.sendFile(name, { root, cacheControl: false, dotfiles: 'allow' }, (error) => {
          if (error) next(error);
        });
      },
    });
  }
}
