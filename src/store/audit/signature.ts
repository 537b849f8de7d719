import { type DataKeys, mac, macHolds } from '../integrity/mac-keys.ts';
import { genesisHash } from './chain.ts';

/*
 * The hashes of the audit log reveal an edited row, but not a chain that was cut and rehashed. Its start and end are
 * therefore signed with a key that is derived from the data key. A command that loads no key appends rows without a
 * signature; the next one that has the key signs them too, if the row that was signed before is still there.
 */

export interface ChainState {
  seq: number;
  hash: string;
  start_seq: number | null;
  start_hash: string | null;
  signed_seq: number | null;
  signature: string | null;
}

export interface ChainEnd {
  seq: number;
  hash: string;
}

/** The start of the chain: the last row that was pruned. */
export function startOf({ start_seq, start_hash }: ChainState): ChainEnd {
  return { seq: start_seq ?? 0, hash: start_hash ?? genesisHash };
}

function signedText(start: ChainEnd, end: ChainEnd): string {
  return JSON.stringify([start.seq, start.hash, end.seq, end.hash]);
}

export function signature(keys: DataKeys, start: ChainEnd, end: ChainEnd): string {
  return mac(keys, 'audit', signedText(start, end));
}

/** Whether the signature is valid; null where its key is not loaded. `signed`: the signed row; null where it is gone. */
export function signatureHolds(keys: DataKeys, state: ChainState, signed: ChainEnd | null): boolean | null {
  if (signed === null || state.signature === null) return false;
  return macHolds(keys, 'audit', signedText(startOf(state), signed), state.signature);
}
