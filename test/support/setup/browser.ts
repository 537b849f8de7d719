import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { chromiumArguments, chromiumPath } from '../browser/launch.ts';
import { stepHangsMs } from '../hang-limits.ts';

/** One Chromium for the whole run: its start takes as long as most tests. Each file connects to it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const options = { executablePath: await chromiumPath(), args: chromiumArguments(), timeout: stepHangsMs };
  const server = await chromium.launchServer({ ...options, host: '127.0.0.1' });
  project.provide('browser', server.wsEndpoint());
  return () => server.close();
}
