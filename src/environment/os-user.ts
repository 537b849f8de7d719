import { type UserInfo, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

/*
 * A container may run as a user that has only a numeric ID and no HOME. Node's functions throw in this case.
 */

/** The name of the operating-system user. */
export function userName(): string {
  return fromSystem()?.username || `uid ${process.getuid?.() ?? 'unknown'}`;
}

/** Whether the system has a name for the user. */
export function hasName(): boolean {
  return fromSystem() !== null;
}

/** The user's home folder. Null if neither the environment nor the system has one. */
export function homeFolder(environment: NodeJS.ProcessEnv = process.env): string | null {
  const named = process.platform === 'win32' ? environment.USERPROFILE : environment.HOME;
  // A relative path would depend on the working directory.
  return [named, fromSystem()?.homedir].find((each) => each && isAbsolute(each)) ?? null;
}

function fromSystem(): UserInfo<string> | null {
  try {
    return userInfo({ encoding: 'utf8' });
  } catch {
    return null;
  }
}
