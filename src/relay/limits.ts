/** Bounds of a relayed request. Times in milliseconds, sizes in bytes. */
export interface RelayLimits {
  maxRequestBytes: number;
  /** Before and after decompression. */
  maxResponseBytes: number;
  /** Bodies of requests that are held in memory, all together. */
  maxBufferedBytes: number;
  /** For the headers of Webex's answer. */
  headersMs: number;
  /** Between two pieces of the answer. */
  idleMs: number;
  /** For the whole exchange with Webex, and for a client that reads slowly. */
  totalMs: number;
  /** How often it is checked whether the client of a request under way still has access. */
  recheckMs: number;
  /** For a new token to be verified. */
  verificationMs: number;
  /** For the body of a 401, which nobody gets: read to its end, it leaves the connection usable. */
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
