import { describe } from 'vitest';
import { inBrowser } from '../support/browser/both-browsers.ts';
import { testHostilePages } from './hostile-pages.ts';
import { testServiceWorker } from './service-worker.ts';

inBrowser('Chromium', (browser) => {
  describe('a hostile page', () => testHostilePages(browser));
  describe('a service worker of another project', () => testServiceWorker(browser));
});
