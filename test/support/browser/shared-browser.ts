import { type Browser, chromium } from 'playwright-core';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** The address of the Chromium of the run. */
    browser: string;
  }
}

/** The Chromium of this run: see setup/browser.ts. Closing it ends the connection and what was opened through it. */
export async function sharedBrowser(): Promise<Browser> {
  return await chromium.connect(inject('browser'));
}
