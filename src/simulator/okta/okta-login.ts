import { randomBytes } from 'node:crypto';
import express, { type Request, type RequestHandler, Router } from 'express';
import { importJWK, type JWK, jwtVerify } from 'jose';
import { checkProof } from './dpop.ts';
import { sendOktaError } from './okta-error.ts';

/** A service app with a registered public key. */
export interface SimulatedServiceApp {
  clientId: string;
  publicKey: JWK;
  scopes: string[];
  /** "Require Demonstrating Proof of Possession", which is on for a new app. */
  requiresDpop: boolean;
}

interface IssuedToken {
  scopes: string[];
  /** The key that has to prove possession; null for a plain bearer token. */
  thumbprint: string | null;
}

export interface OktaLoginParts {
  origin: string;
  apiTokens: Set<string>;
  serviceApps: SimulatedServiceApp[];
}

/** Authenticates callers with an API token, or an access token of Okta's own authorization server. */
export class OktaLogin {
  readonly #parts: OktaLoginParts;
  readonly #issued = new Map<string, IssuedToken>();
  readonly #assertions = new Set<string>();
  /** The nonce that proofs must contain. The first response to a caller, an error, has it in a header. */
  readonly #nonce = randomBytes(12).toString('base64url');

  constructor(parts: OktaLoginParts) {
    this.#parts = parts;
  }

  router(): Router {
    const router = Router();
    router.post('/oauth2/v1/token', express.urlencoded({ extended: false }), async (request, response) => {
      const app = await this.#authenticate(request);
      if (app === null) {
        response
          .status(401)
          .json({ error: 'invalid_client', error_description: 'The client assertion is not valid.' });
        return;
      }
      const scopes = String(request.body.scope ?? '').split(' ');
      if (
        request.body.grant_type !== 'client_credentials' ||
        scopes.some((scope) => !app.scopes.includes(scope))
      ) {
        response
          .status(400)
          .json({ error: 'invalid_scope', error_description: 'One or more scopes are not granted.' });
        return;
      }
      const bound = request.get('dpop') !== undefined || app.requiresDpop;
      const proof = bound ? await this.#proofOf(request, null) : null;
      if (proof !== null && 'error' in proof) {
        response.set('DPoP-Nonce', this.#nonce).status(400).json({
          error: proof.error,
          error_description: 'Authorization server requires nonce in DPoP proof.',
        });
        return;
      }
      const token = `SIMULATED-OKTA-TOKEN-${randomBytes(24).toString('base64url')}`;
      this.#issued.set(token, { scopes, thumbprint: proof?.thumbprint ?? null });
      const token_type = proof === null ? 'Bearer' : 'DPoP';
      response.json({ token_type, expires_in: 3600, access_token: token, scope: scopes.join(' ') });
    });
    return router;
  }

  /** Accepts requests with the required permission. */
  require(scope: string): RequestHandler {
    return async (request, response, next) => {
      const [, scheme = '', token = ''] = /^(\w+) (\S+)$/.exec(request.get('authorization') ?? '') ?? [];
      if (scheme === 'SSWS') {
        if (this.#parts.apiTokens.has(token)) next();
        else sendOktaError(response, 401);
        return;
      }
      const issued = this.#issued.get(token);
      if (issued === undefined || (scheme === 'DPoP') !== (issued.thumbprint !== null)) {
        sendOktaError(response, 401);
        return;
      }
      if (issued.thumbprint !== null) {
        const proof = await this.#proofOf(request, token);
        if ('error' in proof || proof.thumbprint !== issued.thumbprint) {
          const error = 'error' in proof ? proof.error : 'invalid_dpop_proof';
          response.set('DPoP-Nonce', this.#nonce).set('WWW-Authenticate', `DPoP error="${error}"`);
          sendOktaError(response, 401);
          return;
        }
      }
      if (issued.scopes.includes(scope)) next();
      else sendOktaError(response, 403);
    };
  }

  #proofOf(request: Request, accessToken: string | null) {
    const { origin } = this.#parts;
    const url = `${origin}${request.originalUrl.split('?')[0]}`;
    return checkProof(request.get('dpop'), { method: request.method, url, nonce: this.#nonce, accessToken });
  }

  /** `private_key_jwt`, each assertion once, for the token endpoint or the organization itself. */
  async #authenticate(request: Request): Promise<SimulatedServiceApp | null> {
    const assertion = String(request.body.client_assertion ?? '');
    for (const app of this.#parts.serviceApps) {
      const audience = [this.#parts.origin, `${this.#parts.origin}/oauth2/v1/token`];
      const verified = await jwtVerify(assertion, await importJWK(app.publicKey), {
        audience,
        issuer: app.clientId,
        subject: app.clientId,
      }).catch(() => null);
      const jti = verified?.payload.jti;
      if (verified === null || jti === undefined || this.#assertions.has(jti)) continue;
      this.#assertions.add(jti);
      return app;
    }
    return null;
  }
}
