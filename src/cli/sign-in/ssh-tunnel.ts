import { isIP } from 'node:net';
import { userName } from '../../environment/os-user.ts';
import { commandLine } from '../../errors/remedy.ts';
import { note, noteUnwrapped } from '../terminal/terminal.ts';

/**
 * The SSH command to run on the user's own computer, so that its browser can reach a port of this host. Null outside an SSH
 * session. The host is the address that the SSH client connected to.
 */
export function sshTunnelCommand(
  port: number,
  environment: NodeJS.ProcessEnv = process.env,
  user = userName(),
): string | null {
  const { SSH_CONNECTION = '', SSH_TTY } = environment;
  if (SSH_CONNECTION === '' && !SSH_TTY) return null;
  // ssh(1): the client's address and port, then those of this host.
  const [, , address = '', sshPort = ''] = SSH_CONNECTION.split(' ');
  // The user pastes this line into a shell, so it must contain only harmless characters.
  const host = isIP(address) === 0 || address.includes('%') ? 'HOST' : address;
  const destination = `${/^[\w.-]+$/.test(user) ? user : 'USER'}@${host}`;
  const otherPort = /^\d{1,5}$/.test(sshPort) && sshPort !== '22' ? `-p ${sshPort} ` : '';
  return `ssh -L ${port}:localhost:${port} ${otherPort}${destination}`;
}

/** In an SSH session, prints how to open a link of this host in a browser on another computer, or sign in without that. */
export function noteSshTunnel({ port }: { port: number }, withoutTunnel: readonly string[]): void {
  const command = sshTunnelCommand(port);
  if (command === null) return;
  note('This is an SSH session. To open the link on your own computer, run this there first:');
  note('');
  noteUnwrapped(`  ${command}`);
  note('');
  note(`Or sign in without a tunnel: ${commandLine(withoutTunnel)}`);
}
