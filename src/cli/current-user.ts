import { userInfo } from 'node:os';

/** The operating system's user, for the audit log. A container's user may have no name. */
export function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
