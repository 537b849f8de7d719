import { headers, type Paths } from './operations.ts';
import { relayPaths } from './relay-paths.ts';
import { jsonSchemas } from './schemas.ts';
import { tokenPaths } from './token-paths.ts';

export interface OpenApiDocument {
  openapi: string;
  paths: Paths;
  components: { schemas: Record<string, object>; headers: Record<string, object> };
}

/** The description of the token API and the SCIM relay at this address, in OpenAPI 3.1. */
export function openApiDocument(issuer: string): OpenApiDocument {
  const document = {
    openapi: '3.1.1',
    info: {
      title: 'webex-token-broker',
      summary: 'The Webex token for programs, and the SCIM relay for Entra ID and Okta.',
      description:
        'Programs get the current Webex token from the token endpoint. Provisioning tools use the SCIM relay as their tenant URL and need no Webex token.',
      // The version of this API, because clients without credentials must not see the version of the program.
      version: '1',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: issuer }],
    tags: [
      { name: 'token', description: 'Get and check tokens. For clients of `webex-token client add`.' },
      {
        name: 'relay',
        description: 'SCIM requests, which are sent to Webex with the current token of a profile.',
      },
      { name: 'discovery', description: 'What a client can find out by itself.' },
      { name: 'health', description: 'For load balancers, containers and Prometheus.' },
    ],
    paths: { ...tokenPaths(), ...relayPaths() },
    components: {
      schemas: jsonSchemas(),
      headers,
      securitySchemes: {
        clientSecretBasic: {
          type: 'http',
          scheme: 'basic',
          description:
            'The name and the secret of a client. They may be sent in the form instead, or a signed JWT.',
        },
        relaySecret: {
          type: 'http',
          scheme: 'bearer',
          description: 'The secret of a client of the relay: `webex-token client add --relay`.',
        },
      },
    },
  };
  return document;
}
