import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/config/settings.ts';
import { diagnoseNetwork } from '../../src/server/diagnostics/network.ts';
import { listening } from '../support/http/fake-proxy.ts';

const day = 86_400_000;

/** The finding about the clock on a host whose services say that it is off by so much; undefined if there is none. */
async function clockFinding(...offBy: (number | null)[]) {
  const apis = await Promise.all(
    offBy.map((milliseconds) =>
      listening(
        createServer((_request, response) => {
          if (milliseconds === null) response.sendDate = false;
          else response.setHeader('date', new Date(Date.now() - milliseconds).toUTCString());
          response.end();
        }),
      ),
    ),
  );
  const settings = readSettings({
    WEBEX_TOKEN_API_URL: `http://127.0.0.1:${apis[0]}/v1`,
    WEBEX_TOKEN_API_F_URL: `http://127.0.0.1:${apis[1]}/v1`,
  });
  const findings = await diagnoseNetwork(settings, new Set(), {});
  return findings.find(({ title }) => title === 'Clock');
}

describe('the clock, compared with that of the services', () => {
  it.each([
    [370 * day, '370 days ahead'],
    [-3 * day, '3 days behind'],
    [5 * 3_600_000, '5 hours ahead'],
    [-10 * 60_000, '10 minutes behind'],
  ])('is a fault if it is off by %i milliseconds', async (offBy, text) => {
    const finding = await clockFinding(offBy, offBy);
    expect(finding).toMatchObject({ ok: false, message: `this machine's clock is ${text}` });
    expect(finding?.help).toContain('Correct it');
  });

  it.each([
    [60_000, 60_000],
    [null, null],
    // One service is wrong.
    [0, 400 * day],
  ])('is right if one of them agrees, or none says', async (...offBy) => {
    expect(await clockFinding(...offBy)).toBeUndefined();
  });
});
