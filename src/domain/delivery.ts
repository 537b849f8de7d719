/** The token that a destination holds. Instants are epoch milliseconds. */
export interface HeldToken {
  tokenId: string;
  /** `unknownEnd` if there is no evidence. */
  expiresAt: number;
  /** When Webex first rejected it; null if it did not, as far as is known. */
  rejectedAt: number | null;
}

/**
 * What a destination has: the `current` token, an `earlier` one, or `none` yet. A destination that uses the relay or our
 * token endpoint always has the current one.
 */
export type DeliveryState = 'current' | 'earlier' | 'none';

export function deliveryState(
  { via, tokenId }: { via: 'token' | 'relay' | 'oauth'; tokenId: string | null },
  currentTokenId: string | null,
): DeliveryState {
  if (via !== 'token') return 'current';
  if (tokenId === null) return 'none';
  return tokenId === currentTokenId ? 'current' : 'earlier';
}

/** When a token stops working: at its expiry, or at its rejection if that came first. */
function endOf({ expiresAt, rejectedAt }: HeldToken): number {
  return rejectedAt === null ? expiresAt : Math.min(expiresAt, rejectedAt);
}

/**
 * The effective end of a profile that was renewed while a destination still holds an earlier token: the earliest end of
 * these tokens and of the current one. Null if every destination has the current token, or if delivering it would not help
 * because there is none or Webex rejected it. Epoch milliseconds.
 */
export function undeliveredEnd(current: HeldToken | null, held: readonly HeldToken[]): number | null {
  if (current === null || current.rejectedAt !== null) return null;
  const earlier = held.filter(
    ({ tokenId }) => deliveryState({ via: 'token', tokenId }, current.tokenId) === 'earlier',
  );
  return earlier.length === 0 ? null : Math.min(current.expiresAt, ...earlier.map(endOf));
}
