import { randomBytes } from 'node:crypto';
import type { Deployment } from '../../webex/deployments.ts';

/**
 * `opaque`: 64 base64url characters, cluster, organization UUID (106 characters in all); `consumer`: the same
 * with that word for the organization; `jwt`: claims `realm` and `expiry_time`; `unknown`: none of these.
 */
export const tokenForms = ['opaque', 'jwt', 'consumer', 'unknown'] as const;

export type TokenForm = (typeof tokenForms)[number];

const clusters: Record<Deployment, string> = { commercial: 'SIM1', government: 'SIMF' };

/** Recognizable as a simulated token in a log or in the report of a secret scanner. */
const mark = 'SIMULATED-WEBEX-TOKEN-';

interface TokenFacts {
  form: TokenForm;
  deployment: Deployment;
  orgId: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

/** A fresh token, different each time. */
export function makeToken({ form, deployment, orgId, expiresAt }: TokenFacts): string {
  const body = `${mark}${randomBytes(48).toString('base64url')}`.slice(0, 64);
  switch (form) {
    case 'opaque':
      return `${body}_${clusters[deployment]}_${orgId}`;
    case 'consumer':
      return `${body}_${clusters[deployment]}_consumer`;
    case 'unknown':
      return `${mark}${randomBytes(12).toString('hex')}`;
    case 'jwt':
      return [
        base64urlJson({ alg: 'RS256', typ: 'JWT' }),
        base64urlJson({ realm: orgId, expiry_time: expiresAt, jti: randomBytes(12).toString('base64url') }),
        body,
      ].join('.');
  }
}

function base64urlJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
