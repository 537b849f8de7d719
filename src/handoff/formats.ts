/** A token with all that a program may want to know of it. */
export interface HandedToken {
  accessToken: string;
  /** Seconds that are left. */
  expiresIn: number;
  /** RFC 3339, UTC. */
  expiresAt: string;
  /** Scopes separated by spaces. */
  scope: string;
  orgId: string | null;
  tenantUrl: string | null;
  profile: string;
}

export const formats = ['raw', 'json'] as const;

export type Format = (typeof formats)[number];

/** The text of a token in one of the formats, without a line break at its end. */
export function formatToken(format: Format, token: HandedToken): string {
  switch (format) {
    case 'raw':
      return token.accessToken;
    case 'json':
      return JSON.stringify({
        access_token: token.accessToken,
        token_type: 'Bearer',
        expires_in: token.expiresIn,
        expires_at: token.expiresAt,
        scope: token.scope,
        org_id: token.orgId,
        tenant_url: token.tenantUrl,
        profile: token.profile,
      });
  }
}
