/**
 * The names of statements that PostgreSQL prepares once on each connection, by their text: those that run for every batch of
 * requests, whose planning takes longer than running them.
 */
export const preparedStatements = new Map<string, string>();

/** Names a statement that is to be prepared, and returns its text. */
export function prepared(name: string, text: string): string {
  preparedStatements.set(text, name);
  return text;
}
