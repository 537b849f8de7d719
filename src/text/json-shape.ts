/*
 * Checks of the shape of parsed JSON, as functions rather than schemas: most commands load these, and loading zod takes as
 * long as such a command.
 */

export function isStringList(value: unknown): value is string[] {
  return isList(value) && value.every((each) => typeof each === 'string');
}

export function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

/** Whether a value is an object, whose members then have to be checked one by one. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !isList(value);
}

export function isStringOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

export function isNumberOrNull(value: unknown): value is number | null {
  return value === null || typeof value === 'number';
}
