/** A value for a statement. The store contains only text and whole numbers. */
type Value = string | number | bigint | null;

/**
 * Rejects fractions of a millisecond or of a count, and numbers that are too large to be exact. SQLite would store them, but
 * copying the store or restoring a backup would fail. Throws `RangeError`.
 */
export function requireWholeNumbers(values: readonly unknown[]): asserts values is Value[] {
  for (const value of values) {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new RangeError(`${value} is not a whole number, and the store holds no other`);
    }
  }
}

/** A row as an earlier version may have stored it, its fractions of a millisecond rounded up. */
export function withWholeNumbers<Row extends Record<string, string | number | null>>(row: Row): Row {
  const isFraction = (value: unknown): value is number =>
    typeof value === 'number' && !Number.isInteger(value);
  if (!Object.values(row).some(isFraction)) return row;
  const rounded = Object.entries(row).map(([name, value]) => [
    name,
    isFraction(value) ? Math.ceil(value) : value,
  ]);
  return Object.fromEntries(rounded) as Row;
}
