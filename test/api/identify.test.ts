import { describe, expect, it } from 'vitest';
import { secretIdentity } from '../../src/api/client-auth/identify.ts';

describe('secretIdentity', () => {
  it.each([
    ['ci', 'ci'],
    ['not a name\n', ''],
    ['', ''],
  ])('returns for the name %j the client %j', (client, name) => {
    expect(secretIdentity({ client, secret: 'fake-secret' })).toMatchObject({
      client: name,
      proof: { kind: 'secret', hash: expect.any(Buffer) },
    });
  });
});
