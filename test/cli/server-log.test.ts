import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/cli/terminal/log.ts';
import { BrokerError } from '../../src/errors/broker-error.ts';

function logged(error: Error): { line: string; err: Record<string, unknown> } {
  let line = '';
  createLog('warn', {
    write: (text) => {
      line += text;
    },
  }).error({ err: error }, 'it failed');
  return { line, err: JSON.parse(line).err };
}

describe('the server log', () => {
  it('contains an expected error and its cause in one short line', () => {
    const cause = new Error('connect ECONNREFUSED');
    const { line, err } = logged(
      new BrokerError('E_STORE_UNREACHABLE', 'No answer.', { help: 'Wait.', cause }),
    );
    expect(err).toEqual({
      code: 'E_STORE_UNREACHABLE',
      message: 'No answer.',
      help: 'Wait.',
      cause: 'connect ECONNREFUSED',
    });
    expect(line.length).toBeLessThan(300);
  });

  it('contains the stack of an unexpected error', () => {
    const { err } = logged(new TypeError('x is not a function'));
    expect(err.stack).toContain('server-log.test.ts');
  });

  it('contains no value with the name of a secret, even if it is logged', () => {
    let line = '';
    const log = createLog('warn', {
      write: (text) => {
        line += text;
      },
    });
    log.warn({ access_token: 'fake-token-1', request: { headers: { authorization: 'fake-token-2' } } }, 'oh');
    expect(line).toContain('[redacted]');
    expect(line).not.toContain('fake-token');
  });
});
