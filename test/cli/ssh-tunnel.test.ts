import { describe, expect, it } from 'vitest';
import { sshTunnelCommand } from '../../src/cli/sign-in/ssh-tunnel.ts';

describe('the SSH tunnel', () => {
  it.each([
    [{ SSH_CONNECTION: '192.0.2.7 51234 203.0.113.5 22' }, 'ssh -L 3000:localhost:3000 ada@203.0.113.5'],
    [
      { SSH_CONNECTION: '192.0.2.7 51234 203.0.113.5 2222' },
      'ssh -L 3000:localhost:3000 -p 2222 ada@203.0.113.5',
    ],
    [{ SSH_CONNECTION: '2001:db8::1 51234 2001:db8::2 22' }, 'ssh -L 3000:localhost:3000 ada@2001:db8::2'],
    [{ SSH_TTY: '/dev/pts/3' }, 'ssh -L 3000:localhost:3000 ada@HOST'],
  ])('goes to the address that the session uses: %o', (environment, command) => {
    expect(sshTunnelCommand(3000, environment, 'ada')).toBe(command);
  });

  it('is not offered outside an SSH session', () => {
    expect(sshTunnelCommand(3000, {}, 'ada')).toBeNull();
  });

  it('contains nothing that a shell would run', () => {
    const environment = { SSH_CONNECTION: '192.0.2.7 51234 $(reboot) 22;reboot' };
    expect(sshTunnelCommand(3000, environment, 'ada;reboot')).toBe('ssh -L 3000:localhost:3000 USER@HOST');
  });
});
