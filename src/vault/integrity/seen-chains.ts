import { sharedChain } from '../../store/audit/chain.ts';

/** The state of the audit log when it was last seen: the end of the shared chain, and of each other chain. */
export interface SeenChains {
  seq: number;
  hash: string;
  /** The number of the last row and the start of its hash, by chain; absent if there is no other chain. */
  chains?: Record<string, [seq: number, hash: string]> | undefined;
}

export interface SeenChain {
  chain: number;
  seq: number;
  /** The hash of the last row, or its start. */
  hash: string;
}

/** 128 bits, because a keychain entry is small. */
const hashLetters = 32;

export function seenChains({ seq, hash, chains = {} }: SeenChains): SeenChain[] {
  const others = Object.entries(chains).map(([chain, [last, start]]) => ({
    chain: Number(chain),
    seq: last,
    hash: start,
  }));
  return [{ chain: sharedChain, seq, hash }, ...others];
}

export function toSeenChains(ends: readonly SeenChain[]): SeenChains {
  const shared = ends.find(({ chain }) => chain === sharedChain);
  if (shared === undefined) return { seq: 0, hash: '' };
  const { seq, hash } = shared;
  const chains: SeenChains['chains'] = {};
  for (const end of ends) {
    if (end.chain !== sharedChain) chains[end.chain] = [end.seq, end.hash.slice(0, hashLetters)];
  }
  return { seq, hash, ...(Object.keys(chains).length > 0 && { chains }) };
}
