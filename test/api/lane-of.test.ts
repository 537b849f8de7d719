import { describe, expect, it } from 'vitest';
import type { ClientProof } from '../../src/api/client-auth/authenticate.ts';
import { VerifiedSecrets } from '../../src/api/client-auth/verified-secrets.ts';
import { unauthenticatedLane } from '../../src/api/queue/fair-queue.ts';
import { laneOf } from '../../src/api/request/lane-of.ts';

const address = '192.0.2.1';
const hash = Buffer.alloc(32, 1);
const secretHash = hash.toString('base64url');
const identity = { issuer: 'https://issuer.example', subject: 's', audience: 'a', anyScope: false };

function verified(client: string): VerifiedSecrets {
  const secrets = new VerifiedSecrets();
  secrets.add(client, hash);
  return secrets;
}

describe('laneOf', () => {
  it('is the lane of the client for a secret that was valid before', () => {
    const lane = laneOf(verified('ci'), { client: 'ci', proof: { kind: 'secret', hash } }, address);
    expect(lane).toEqual({ authenticated: true, key: 'ci' });
  });

  it.each([
    ['has not been verified', new VerifiedSecrets()],
    ['is that of another client', verified('other')],
  ])('is the lane of the claimed client and its network for a secret that %s', (_, secrets) => {
    const lane = laneOf(secrets, { client: 'ci', proof: { kind: 'secret', hash } }, address);
    expect(lane).toEqual(unauthenticatedLane('ci', address));
  });

  it('is the lane of the client that a secret without a name identifies', () => {
    const lane = laneOf(verified('ci'), { client: '', secretHash, proof: { kind: 'secret', hash } }, address);
    expect(lane).toEqual({ authenticated: true, key: 'ci' });
  });

  it('is a lane without a client for an unknown secret without a name', () => {
    const secrets = new VerifiedSecrets();
    const lane = laneOf(secrets, { client: 'ci', secretHash, proof: { kind: 'secret', hash } }, address);
    expect(lane).toEqual(unauthenticatedLane('', address));
  });

  it.each<ClientProof>([
    { kind: 'assertion', jwks: '{}', assertion: { jtiHash: 'x', expiresAt: 1 } },
    { kind: 'foreign-assertion', identity, expiresAt: 1 },
  ])('is the lane of the client for a valid $kind', (proof) => {
    const lane = laneOf(new VerifiedSecrets(), { client: 'ci', proof }, address);
    expect(lane).toEqual({ authenticated: true, key: 'ci' });
  });

  it.each<ClientProof>([
    { kind: 'wrong-assertion', detail: 'aud' },
    { kind: 'unchecked-assertion', retryAfter: 1, detail: 'issuer' },
    { kind: 'none', why: 'no credentials' },
  ])('is the lane of the claimed client and its network for $kind', (proof) => {
    const lane = laneOf(verified('ci'), { client: 'ci', proof }, address);
    expect(lane).toEqual(unauthenticatedLane('ci', address));
  });
});
