import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../src/errors/broker-error.ts';
import { canceled, Steps } from '../../src/provisioning/push/steps.ts';

describe('Steps', () => {
  const failing = async (error: Error) => {
    const steps = new Steps({ onEvent: () => {} });
    const work = () => Promise.reject(error);
    await expect(steps.run('sign-in', work)).rejects.toBe(error);
    return steps.results;
  };

  it('records a step that failed', async () => {
    expect(await failing(new BrokerError('E_REJECTED', 'Refused.'))).toEqual([
      { step: 'sign-in', status: 'failed', message: 'Refused.' },
    ]);
    expect(await failing(new Error('secret'))).toEqual([
      { step: 'sign-in', status: 'failed', message: 'An unexpected error occurred.' },
    ]);
  });

  it('records what was canceled, or has to be done by hand, as skipped', async () => {
    expect(await failing(canceled())).toMatchObject([{ status: 'skipped', message: 'Canceled.' }]);
    expect(await failing(new BrokerError('E_OKTA_MANUAL', 'By hand.'))).toMatchObject([
      { status: 'skipped' },
    ]);
  });
});
