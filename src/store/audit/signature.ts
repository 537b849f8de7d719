import { type DataKeys, mac, macHolds } from '../integrity/mac-keys.ts';
import { genesisHash } from './chain.ts';

/*
 * The hashes of the audit log show an edit within it; a chain that was cut and closed again would still hold. So its
 * start and its end are signed with a key that is derived from the data key. A command that opens no key adds rows
 * without a signature; the next one that has the key signs them along, if what was signed before is still there.
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

/** Where the chain begins: after the last row that was pruned. */
export function startOf({ start_seq, start_hash }: ChainState): ChainEnd {
  return { seq: start_seq ?? 0, hash: start_hash ?? genesisHash };
}

function signedText(start: ChainEnd, end: ChainEnd): string {
  return JSON.stringify([start.seq, start.hash, end.seq, end.hash]);
}

export function signature(keys: DataKeys, start: ChainEnd, end: ChainEnd): string {
  return mac(keys, 'audit', signedText(start, end));
}

/** Null where the key of the signature is not known here. `signed`: the row that was signed, null where it is gone. */
export function signatureHolds(keys: DataKeys, state: ChainState, signed: ChainEnd | null): boolean | null {
  if (signed === null || state.signature === null) return false;
  return macHolds(keys, 'audit', signedText(startOf(state), signed), state.signature);
}
