/** Bounds of a relayed request. Times in milliseconds, sizes in bytes. */
export interface RelayLimits {
  maxRequestBytes: number;
  /** Before and after decompression. */
  maxResponseBytes: number;
  /** Request bodies in memory, in total. */
  maxBufferedBytes: number;
  /** Until the headers of Webex's response arrive. */
  headersMs: number;
  /** Between two chunks of the response. */
  idleMs: number;
  /** For the whole exchange with Webex, and for a client that reads slowly. */
  totalMs: number;
  /** How often the access of clients with running requests is checked again. */
  recheckMs: number;
  /** For a new token to be verified. */
  verificationMs: number;
  /** For the body of a 401. It is not forwarded, but reading it to its end keeps the connection usable. */
  discardMs: number;
}

export const relayLimits: RelayLimits = {
  maxRequestBytes: 1_048_576,
  maxResponseBytes: 33_554_432,
  maxBufferedBytes: 67_108_864,
  headersMs: 60_000,
  idleMs: 30_000,
  totalMs: 110_000,
  recheckMs: 1_000,
  verificationMs: 10_000,
  discardMs: 1_000,
};
