import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publishedEndpoints } from '../../src/webex/deployments.ts';
import { documentedClientId, documentedScopes, documentedState } from '../../src/webex/documented-values.ts';
import { authorizeUrl, logoutUrl, newState } from '../../src/webex/sign-in/authorize-url.ts';
import { brokerErrorOf } from '../support/broker-error.ts';

/** Cisco's Entra ID guide, step 5, and its Okta guide. */
const documented = (broker: string) =>
  `https://${broker}.webex.com/idb/oauth2/v1/authorize?response_type=token&client_id=C4ca14fe00b0e51efb414ebd45aa88c1858c3bfb949b2405dba10b0ca4bc37402&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fauth%2Fcode&scope=spark%3Apeople_read%20spark%3Apeople_write%20Identity%3ASCIM&state=this-should-be-a-random-string-for-security-purpose`;

/** Microsoft's tutorial on Cisco Webex, "Secret Token". */
const documentedFreshSignIn =
  'https://idbroker.webex.com/idb/saml2/jsp/doSSO.jsp?type=login&goto=https%3A%2F%2Fidbroker.webex.com%2Fidb%2Foauth2%2Fv1%2Fauthorize%3Fresponse_type%3Dtoken%26client_id%3DC4ca14fe00b0e51efb414ebd45aa88c1858c3bfb949b2405dba10b0ca4bc37402%26redirect_uri%3Dhttp%253A%252F%252Flocalhost%253A3000%252Fauth%252Fcode%26scope%3Dspark%253Apeople_read%2520spark%253Apeople_write%2520Identity%253ASCIM%26state%3Dthis-should-be-a-random-string-for-security-purpose';

const request = {
  idbroker: publishedEndpoints.commercial.idbroker,
  clientId: documentedClientId,
  redirectUri: 'http://localhost:3000/auth/code',
  scopes: documentedScopes,
  state: documentedState,
};

describe('authorizeUrl', () => {
  it('builds the documented URL byte for byte, for both ID brokers', () => {
    expect(authorizeUrl(request)).toBe(documented('idbroker'));
    const government = { ...request, idbroker: publishedEndpoints.government.idbroker };
    expect(authorizeUrl(government)).toBe(documented('idbroker-f'));
  });

  it('builds the URL of Microsoft’s tutorial byte for byte for a fresh sign-in', () => {
    expect(authorizeUrl({ ...request, freshSignIn: true })).toBe(documentedFreshSignIn);
  });

  it('changes only the state for a new state', () => {
    const state = newState();
    expect(authorizeUrl({ ...request, state })).toBe(documented('idbroker').replace(documentedState, state));
  });

  it('passes any state, client ID and scopes unchanged', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(text, text, fc.boolean(), (state, clientId, freshSignIn) => {
        const outer = new URL(authorizeUrl({ ...request, state, clientId, freshSignIn }));
        const url = freshSignIn ? new URL(outer.searchParams.get('goto') ?? '') : outer;
        expect(url.searchParams.get('state')).toBe(state);
        expect(url.searchParams.get('client_id')).toBe(clientId);
        expect(url.searchParams.get('scope')).toBe(documentedScopes.join(' '));
      }),
    );
  });

  it('allows plain http on this machine only', () => {
    expect(authorizeUrl({ ...request, idbroker: 'http://127.0.0.1:4000/idb' })).toMatch(
      /^http:\/\/127\.0\.0\.1:4000\/idb\/oauth2\/v1\/authorize\?response_type=token&/,
    );
    const remote = { ...request, idbroker: 'http://idbroker.webex.com/idb' };
    expect(brokerErrorOf(() => authorizeUrl(remote)).code).toBe('E_INSECURE_ADDRESS');
  });
});

describe('newState', () => {
  it('returns 256 random bits each time', () => {
    const states = new Set(Array.from({ length: 200 }, newState));
    expect(states.size).toBe(200);
    for (const state of states) {
      expect(state).toMatch(/^[\w-]{43}$/);
      expect(Buffer.from(state, 'base64url')).toHaveLength(32);
    }
  });
});

describe('logoutUrl', () => {
  it('builds the sign-out URL of the Webex SDK', () => {
    expect(logoutUrl('https://idbroker.webex.com/idb')).toBe(
      'https://idbroker.webex.com/idb/oauth2/v1/logout?cisService=webex',
    );
    expect(logoutUrl('https://idbroker.webex.com/idb', 'http://localhost:3000/a?b=c')).toBe(
      'https://idbroker.webex.com/idb/oauth2/v1/logout?cisService=webex&goto=http%3A%2F%2Flocalhost%3A3000%2Fa%3Fb%3Dc',
    );
  });
});
