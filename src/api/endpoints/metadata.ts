import type { RequestListener } from 'node:http';
import { signingAlgorithms } from '../client-auth/signing-algorithms.ts';
import type { ApiContext } from '../context.ts';
import { apiPaths } from '../paths.ts';
import { sendJson } from '../responses.ts';

/** `GET /.well-known/oauth-authorization-server` (RFC 8414). Also served at the path that OpenID Connect clients use (§5). */
export function metadata({ issuer }: ApiContext): RequestListener {
  // The registry of RFC 8414 has no method for a workload identity's JWT, which is sent in the same way as private_key_jwt.
  const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
  const json = JSON.stringify({
    issuer,
    token_endpoint: issuer + apiPaths.token,
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: signingAlgorithms,
    introspection_endpoint: issuer + apiPaths.introspection,
    introspection_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_signing_alg_values_supported: signingAlgorithms,
    grant_types_supported: ['client_credentials'],
    // Required by RFC 8414 §2, and §3.2 forbids an empty array. There is no authorization endpoint.
    response_types_supported: ['none'],
  });
  return (_request, response) => sendJson(response, 200, json);
}
