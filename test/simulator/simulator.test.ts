import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { deployments } from '../../src/webex/deployments.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { simulated } from '../support/test-simulator.ts';

describe('startSimulator', () => {
  it('listens on loopback only, with its own address for each deployment', async () => {
    const simulator = await simulated();
    const origins = deployments.map((deployment) => {
      const { idbroker, api, scim } = simulator.endpoints[deployment];
      const { origin } = new URL(idbroker);
      expect([idbroker, api, scim]).toEqual([`${origin}/idb`, `${origin}/v1`, `${origin}/v1/scim`]);
      return origin;
    });
    expect(origins.join()).toMatch(/^http:\/\/127\.0\.0\.1:\d+,http:\/\/127\.0\.0\.1:\d+$/);
    expect(new Set(origins).size).toBe(2);
  });

  it('leaves no server running if one of the ports is in use', async () => {
    const free = await freePort();
    const busy = await freePort();
    await simulated({ governmentPort: busy });
    await expect(startSimulator({ commercialPort: free, governmentPort: busy })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    const probe = createServer();
    await new Promise((resolve, reject) => {
      probe.once('error', reject).listen(free, '127.0.0.1', () => resolve(undefined));
    });
    await new Promise((resolve) => probe.close(resolve));
    const chosen = await simulated({ commercialPort: free });
    expect(new URL(chosen.endpoints.commercial.api).port).toBe(String(free));
  });
});
