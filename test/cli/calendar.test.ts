import ICAL from 'ical.js';
import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { storeTokenOn } from '../support/cli/store-token.ts';
import { simulated } from '../support/test-simulator.ts';

describe('webex-token calendar', () => {
  it('prints only an iCalendar file, whose entry a renewal moves', async () => {
    const simulator = await simulated();
    const on = await machine(simulator);
    const importOne = async (name: string, days: number) => {
      const { accessToken } = simulator.issueToken('full-admin', { lifetimeSeconds: days * 86_400 });
      await storeTokenOn(on, accessToken, { profile: name });
    };
    const events = async (...names: string[]) => {
      const { code, stdout } = await on.run(['calendar', ...names]);
      expect(code).toBe(0);
      expect(stdout.endsWith('END:VCALENDAR\r\n')).toBe(true);
      const calendar = new ICAL.Component(ICAL.parse(stdout));
      return calendar.getAllSubcomponents('vevent').map((event) => new ICAL.Event(event));
    };
    expect(await events()).toEqual([]);
    await importOne('acme', 100);
    await importOne('globex', 200);
    expect(await events()).toHaveLength(2);
    const [before] = await events('acme');
    await importOne('acme', 365);
    const [after, ...more] = await events('acme');
    expect(more).toEqual([]);
    expect(after?.uid).toBe(before?.uid);
    expect(after?.startDate.toJSDate().getTime()).toBeGreaterThan(
      before?.startDate.toJSDate().getTime() ?? Infinity,
    );
    expect((await on.run(['calendar', 'nobody'])).code).toBe(3);
  });
});
