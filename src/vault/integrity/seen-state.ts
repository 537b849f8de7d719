import { isObject } from '../../text/json-shape.ts';

/** The last state that was seen of a store. */
export interface SeenState {
  id: string;
  /** See `StoreIdentity`. */
  incarnation: string;
  /** The last row of the audit log. */
  seq: number;
  hash: string;
  /** The change counter of the row MACs; absent if the store had none yet. */
  changes?: number;
}

/** The states in a file, by the location of the store. Throws if one of them has another form. */
export function parseSeenStates(text: string): Record<string, SeenState> {
  const all: unknown = JSON.parse(text);
  if (isObject(all) && Object.values(all).every(isSeenState)) return all as Record<string, SeenState>;
  throw new Error('the last states seen are not in the form that this program writes');
}

function isSeenState(value: unknown): value is SeenState {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    typeof value.incarnation === 'string' &&
    Number.isSafeInteger(value.seq) &&
    typeof value.hash === 'string' &&
    (value.changes === undefined || Number.isSafeInteger(value.changes))
  );
}
