import type { Plugin } from 'vite';

declare global {
  /** Set in the test of the real cost. */
  var realScryptCost: boolean | undefined;
}

const cost = /N: (2 \*\* \d+)/;

/** Makes keys from new passphrases cheap: each takes some tenths of a second and 128 MiB, on purpose. Old ones keep their cost. */
export function withCheapPassphrases(source: string): string {
  if (!cost.test(source)) throw new Error('the cost of a passphrase is set elsewhere');
  return source.replace(cost, 'N: globalThis.realScryptCost ? $1 : 2 ** 10');
}

export const cheapPassphrases: Plugin = {
  name: 'cheap-passphrases',
  enforce: 'pre',
  transform: (code, id) =>
    id.endsWith('/src/crypto/passphrase.ts') ? { code: withCheapPassphrases(code), map: null } : null,
};
