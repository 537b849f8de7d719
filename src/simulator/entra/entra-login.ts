import { createHash, randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import express, { type Request, type Response, Router } from 'express';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { sendDevicePage, sendDeviceResult } from './device-page.ts';

/** An application registered in the tenant. It signs in itself, or lets people sign in. */
export interface SimulatedEntraClient {
  clientId: string;
  secret?: string;
  /** PEM. */
  certificate?: string;
  /** Graph's permissions that an administrator consented to. */
  permissions: string[];
}

/** How the person at the device code page behaves. */
export interface EntraLoginSettings {
  /** `automatic`: the second poll succeeds. `page`: waits for a person. `declined`: the sign-in is declined. */
  deviceApproval: 'automatic' | 'page' | 'declined';
  /** The lifetime of a device code. Seconds. */
  deviceCodeLifetime: number;
  /** How long the client must wait between two polls. Seconds. */
  deviceCodeInterval: number;
}

interface DeviceCode {
  userCode: string;
  clientId: string;
  scopes: string[];
  state: 'pending' | 'approved' | 'declined';
  polls: number;
  expiresAt: number;
}

/** The tokens that the simulated Entra ID has issued, with their permissions. */
export interface GraphTokens {
  issue(permissions: string[]): string;
}

export interface EntraLoginParts {
  origin: string;
  tenantId: string;
  clients: SimulatedEntraClient[];
  settings: EntraLoginSettings;
  tokens: GraphTokens;
  now: () => number;
}

/** The token endpoint of the Microsoft identity platform, for device codes and client credentials only. */
export function entraLogin(parts: EntraLoginParts): Router {
  const { origin, settings, tokens, now } = parts;
  const codes = new Map<string, DeviceCode>();
  const router = Router();
  router.use(express.urlencoded({ extended: false }));

  router.post('/:tenant/oauth2/v2.0/devicecode', (request, response) => {
    const deviceCode = randomBytes(24).toString('base64url');
    const userCode = randomBytes(5).toString('hex').toUpperCase().slice(0, 9);
    const scopes = String(request.body.scope ?? '').split(' ');
    const clientId = String(request.body.client_id ?? '');
    codes.set(deviceCode, {
      userCode,
      clientId,
      scopes,
      state: 'pending',
      polls: 0,
      expiresAt: now() + settings.deviceCodeLifetime * 1000,
    });
    response.json({
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: `${origin}/devicelogin`,
      expires_in: settings.deviceCodeLifetime,
      interval: settings.deviceCodeInterval,
      message: `To sign in, open ${origin}/devicelogin and enter the code ${userCode}.`,
    });
  });

  router.post('/:tenant/oauth2/v2.0/token', async (request, response) => {
    if (!knownTenant(parts, String(request.params.tenant))) {
      return sendError(response, 400, 'invalid_request', 'AADSTS90002: Tenant not found.');
    }
    const grant = String(request.body.grant_type ?? '');
    if (grant === 'client_credentials') return await clientCredentials(parts, request, response);
    if (grant === 'urn:ietf:params:oauth:grant-type:device_code') {
      return deviceCode(parts, codes, request, response);
    }
    sendError(response, 400, 'unsupported_grant_type', 'AADSTS70003: The grant type is not supported.');
  });

  router.get('/devicelogin', (_request, response) => sendDevicePage(response));
  router.post('/devicelogin', (request, response) => {
    const typed = String(request.body.code ?? '')
      .trim()
      .toUpperCase();
    const found = [...codes.values()].find(
      ({ userCode, state }) => userCode === typed && state === 'pending',
    );
    if (found !== undefined) found.state = request.body.answer === 'decline' ? 'declined' : 'approved';
    sendDeviceResult(response, found?.state ?? 'unknown');
  });
  return router;

  function deviceCode(
    { settings }: EntraLoginParts,
    codes: Map<string, DeviceCode>,
    request: Request,
    response: Response,
  ): void {
    const code = codes.get(String(request.body.device_code ?? ''));
    const refusal = code === undefined ? 'bad_verification_code' : poll(code, settings);
    if (code === undefined || refusal !== null) {
      sendError(response, 400, refusal ?? '', pollErrors[refusal ?? ''] ?? '');
      return;
    }
    sendToken(response, tokens.issue(code.scopes.map((scope) => scope.split('/').at(-1) ?? '')));
  }

  /** The result of one poll: an error code of RFC 8628 §3.5, or null once someone has signed in. */
  function poll(code: DeviceCode, { deviceApproval }: EntraLoginSettings): string | null {
    code.polls += 1;
    if (code.expiresAt <= now()) return 'expired_token';
    if (deviceApproval === 'declined') code.state = 'declined';
    if (deviceApproval === 'automatic' && code.polls > 1) code.state = 'approved';
    if (code.state === 'pending') return 'authorization_pending';
    return code.state === 'declined' ? 'authorization_declined' : null;
  }
}

/** Entra ID's messages for these errors. */
const pollErrors: Record<string, string> = {
  bad_verification_code: 'AADSTS70000: Unknown code.',
  expired_token: 'AADSTS70020: The code has expired.',
  authorization_pending: 'AADSTS70016: Nobody has signed in yet.',
  authorization_declined: 'The person declined the sign-in.',
};

/** `organizations` means the tenant of the person who signs in. */
function knownTenant({ tenantId }: EntraLoginParts, tenant: string): boolean {
  return [tenantId, 'organizations', 'acme.onmicrosoft.com'].includes(tenant);
}

async function clientCredentials(
  parts: EntraLoginParts,
  request: Request,
  response: Response,
): Promise<void> {
  const { client_id, client_secret, client_assertion, scope } = request.body as Record<string, string>;
  const client = parts.clients.find(({ clientId }) => clientId === client_id);
  if (client === undefined) {
    return sendError(
      response,
      400,
      'unauthorized_client',
      'AADSTS700016: The application was not found in the tenant.',
    );
  }
  if (scope === undefined || !scope.endsWith('/.default')) {
    return sendError(response, 400, 'invalid_scope', 'AADSTS70011: The scope has to end in /.default.');
  }
  const audience = `${parts.origin}${request.originalUrl}`;
  const bySecret = client.secret !== undefined && client.secret === client_secret;
  if (!bySecret && !(await isAssertedBy(client, client_assertion, audience))) {
    return sendError(
      response,
      401,
      'invalid_client',
      'AADSTS7000215: Invalid client secret or assertion provided.',
    );
  }
  sendToken(response, parts.tokens.issue(client.permissions));
}

/** Microsoft's "certificate credentials": signed by the certificate that the thumbprint names, for the token endpoint. */
async function isAssertedBy(
  { certificate, clientId }: SimulatedEntraClient,
  assertion: string | undefined,
  audience: string,
): Promise<boolean> {
  if (certificate === undefined || assertion === undefined) return false;
  const { publicKey, raw } = new X509Certificate(certificate);
  try {
    const header = decodeProtectedHeader(assertion);
    if (header['x5t#S256'] !== createHash('sha256').update(raw).digest('base64url')) return false;
    if (header.x5t !== createHash('sha1').update(raw).digest('base64url')) return false;
    const { payload } = await jwtVerify(assertion, publicKey, {
      audience,
      issuer: clientId,
      subject: clientId,
      algorithms: ['PS256', 'RS256'],
      requiredClaims: ['jti', 'exp', 'nbf'],
    });
    return payload.jti !== undefined;
  } catch {
    return false;
  }
}

function sendToken(response: Response, accessToken: string): void {
  response.json({ token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: accessToken });
}

function sendError(response: Response, status: number, error: string, description: string): void {
  const correlation = randomUUID();
  response.status(status).json({
    error,
    error_description: `${description} Correlation ID: ${correlation}`,
    error_codes: [Number(/AADSTS(\d+)/.exec(description)?.[1] ?? 0)],
    correlation_id: correlation,
  });
}
