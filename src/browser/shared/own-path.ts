/** A path of this program's own pages, or null: a script goes nowhere else, whatever it is told. */
export function ownPath(path: unknown): string | null {
  return typeof path === 'string' && /^\/$|^(?:\/[\w.~-]+)+$/.test(path) ? path : null;
}
