import { isObject } from '../../text/json-shape.ts';
import type { SeenChains } from './seen-chains.ts';

/** The last state seen of a store. */
export interface SeenState extends SeenChains {
  id: string;
  /** See `StoreIdentity`. */
  incarnation: string;
  /** The change counter of the row MACs; absent if the store had none yet. */
  changes?: number;
}

/** Parses the states in a file, by the location of their store. Throws if one of them is invalid. */
export function parseSeenStates(text: string): Record<string, SeenState> {
  const all: unknown = JSON.parse(text);
  if (isObject(all) && Object.values(all).every(isSeenState)) return all as Record<string, SeenState>;
  throw new Error('the stored states are not in the format of this program');
}

function isSeenState(value: unknown): value is SeenState {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    typeof value.incarnation === 'string' &&
    Number.isSafeInteger(value.seq) &&
    typeof value.hash === 'string' &&
    (value.chains === undefined || isChainList(value.chains)) &&
    (value.changes === undefined || Number.isSafeInteger(value.changes))
  );
}

function isChainList(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(isEnd);
}

function isEnd(end: unknown): boolean {
  return Array.isArray(end) && end.length === 2 && Number.isSafeInteger(end[0]) && typeof end[1] === 'string';
}
