/** Returns the path if it is one of this app's pages, or null. Scripts open no other pages. */
export function ownPath(path: unknown): string | null {
  return typeof path === 'string' && /^\/$|^(?:\/[\w.~-]+)+$/.test(path) ? path : null;
}
