import type { Refusal } from '../../api/refusal.ts';
import { commandLine } from '../../errors/remedy.ts';

/** The rejections of the relay. `retryAfter` in seconds. */
export const refusals = {
  /** Also used for a profile that does not exist. */
  otherProfile: {
    code: 'unauthorized_client',
    description: `This client has no access to this address. Use the tenant URL that it was registered with: ${commandLine(['client', 'list'])}`,
  },
  unknownPath: {
    code: 'not-found',
    description:
      'The relay forwards /Users, /Groups, /ServiceProviderConfig, /ResourceTypes and /Schemas below the tenant URL.',
    status: 404,
  },
  busy: {
    code: 'busy',
    description: 'Too many large requests at once. Try again in a few seconds.',
    status: 503,
    retryAfter: 5,
  },
  unreachable: {
    code: 'unreachable',
    description: 'Webex cannot be reached, or closed the connection. See the server log.',
    status: 502,
  },
  responseTooLarge: {
    code: 'response-too-large',
    description: 'The response from Webex is too large. Request fewer resources, for example with count.',
    status: 502,
  },
  revoked: {
    code: 'invalid_client',
    description: 'This client was removed or no longer has access.',
  },
  stopped: {
    code: 'stopped',
    description: 'The server is stopping. Try again in a few seconds.',
    status: 503,
    retryAfter: 5,
  },
  methodNotAllowed: (methods: readonly string[]) => ({
    code: 'method-not-allowed',
    description: `This path supports ${methods.join(', ')}.`,
    status: 405,
    allow: methods.join(', '),
  }),
  noRight: (method: string) => ({
    code: 'no-right',
    description: `This client is not allowed to send ${method} requests. Ask an administrator to register it again: ${commandLine(['client', 'add', '--relay', '--rights'])}`,
    status: 403,
  }),
  bodyTooLarge: (maxBytes: number) => ({
    code: 'body-too-large',
    description: `The body is larger than ${maxBytes} bytes.`,
    status: 413,
  }),
  noOrganization: (profile: string) => ({
    code: 'no-organization',
    description: `The organization of ${profile} is unknown. Ask an administrator to set it: ${commandLine(['login', profile, '--org-id', 'ID'])}`,
    status: 503,
    retryAfter: 300,
  }),
  wrongDeployment: (profile: string) => ({
    code: 'other-deployment',
    description: `The token of ${profile} belongs to the other Webex deployment. Ask an administrator to renew it: ${commandLine(['login', profile])}`,
    status: 503,
    retryAfter: 300,
  }),
  notDecrypted: (profile: string) => ({
    code: 'unreadable',
    description: `The stored token of ${profile} cannot be decrypted. Ask an administrator to renew it: ${commandLine(['login', profile])}`,
    status: 503,
    retryAfter: 300,
  }),
  unauthorized: (profile: string) => ({
    code: 'unauthorized-by-webex',
    description: `Webex accepts the token of ${profile}, but its SCIM service does not (401). Ask an administrator to investigate: ${commandLine(['test', profile])}`,
    status: 503,
    retryAfter: 300,
  }),
} satisfies Record<string, Refusal | ((...values: never[]) => Refusal)>;
