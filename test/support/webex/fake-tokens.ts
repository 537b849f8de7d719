/** Tokens of the usual format, assembled at run time and clearly fake. */
export const acmeOrgId = '00000000-1111-4222-8333-444444444444';

export function usualToken({ orgId = acmeOrgId, cluster = 'PF84', filler = 'A' } = {}): string {
  return [filler.repeat(64), cluster, orgId].join('_');
}

export function jwtToken(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [part({ alg: 'none', kid: 'fake' }), part(claims), 'fake-signature'].join('.');
}
