import { createHash } from 'node:crypto';
import type { Router } from 'express';
import { readProgramFile } from '../program-files.ts';
import { route } from './route.ts';

const style = 'views/assets';
const scripts = 'dist/browser';
const javascript = 'text/javascript; charset=utf-8';

/** All files that are served: no other file in these folders can be requested. */
const assets: [name: string, folder: string, type: string][] = [
  ['style.css', style, 'text/css; charset=utf-8'],
  ['favicon.svg', style, 'image/svg+xml; charset=utf-8'],
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
  for (const [name, folder, type] of assets) {
    let content: Content | undefined;
    route(app, `/assets/${name}`, {
      get: (_request, response) => {
        content ??= read(`${folder}/${name}`);
        // Browsers ask again each time, and get 304 until an upgrade changes the file.
        response.set({ 'Content-Type': type, 'Cache-Control': 'no-cache', ETag: content.tag });
        response.send(content.text);
      },
    });
  }
}

interface Content {
  text: string;
  tag: string;
}

function read(path: string): Content {
  const text = readProgramFile(path);
  return { text, tag: `"${createHash('sha256').update(text).digest('base64url')}"` };
}
