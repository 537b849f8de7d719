import { type UserInfo, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

/*
 * A container may run as a user of whom the system knows only a number, without HOME. Node's own functions throw
 * then.
 */

/** The name of the operating system's user. */
export function userName(): string {
  return fromSystem()?.username || `uid ${process.getuid?.() ?? 'unknown'}`;
}

/** The user's home folder. Null where neither the environment nor the system names one. */
export function homeFolder(environment: NodeJS.ProcessEnv = process.env): string | null {
  const named = process.platform === 'win32' ? environment.USERPROFILE : environment.HOME;
  // A relative one would be another in every folder.
  return [named, fromSystem()?.homedir].find((each) => each && isAbsolute(each)) ?? null;
}

function fromSystem(): UserInfo<string> | null {
  try {
    return userInfo({ encoding: 'utf8' });
  } catch {
    return null;
  }
}
