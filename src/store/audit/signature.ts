import { type DataKeys, mac, macHolds } from '../integrity/mac-keys.ts';
import { type ChainEnd, genesisHash, sharedChain } from './chain.ts';

/*
 * The hashes of a chain reveal an edited row, but not a chain that was cut and rehashed. Its start and end are therefore
 * signed with a key that is derived from the data key. A command that loads no key appends rows to the shared chain without
 * a signature; the next one that has the key signs them too, if the row that was signed before is still there.
 */

export interface ChainState {
  /** The chain. */
  id: number;
  seq: number;
  hash: string;
  start_seq: number | null;
  start_hash: string | null;
  signed_seq: number | null;
  signature: string | null;
}

/** The start of the chain: the last row that was pruned. */
export function startOf({ start_seq, start_hash }: Omit<ChainState, 'id'>): ChainEnd {
  return { seq: start_seq ?? 0, hash: start_hash ?? genesisHash };
}

/** The signature of the shared chain does not name it: earlier versions had no other. */
function signedText(chain: number, start: ChainEnd, end: ChainEnd): string {
  const ends = [start.seq, start.hash, end.seq, end.hash];
  return JSON.stringify(chain === sharedChain ? ends : [chain, ...ends]);
}

export function signature(keys: DataKeys, chain: number, start: ChainEnd, end: ChainEnd): string {
  return mac(keys, 'audit', signedText(chain, start, end));
}

/** Whether the signature is valid; null if its key is not loaded. `signed`: the signed row; null if it is gone. */
export function signatureHolds(keys: DataKeys, state: ChainState, signed: ChainEnd | null): boolean | null {
  if (signed === null || state.signature === null) return false;
  return macHolds(keys, 'audit', signedText(state.id, startOf(state), signed), state.signature);
}
