/** Why a request is rejected. Each endpoint formats it in its own way. */
export interface Refusal {
  /** For the audit log: an OAuth error code, or a short reason. */
  code: string;
  /** The problem and what to do. */
  description: string;
  /** Default: 401 for `invalid_client`, else 400. */
  status?: number;
  /** Seconds. */
  retryAfter?: number;
  /** The allowed methods, for 405. */
  allow?: string;
}

export function statusOf({ code, status }: Refusal): number {
  return status ?? (code === 'invalid_client' ? 401 : 400);
}
