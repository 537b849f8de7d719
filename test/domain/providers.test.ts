import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anyProvider, providerIds, providerTitle } from '../../src/domain/providers.ts';
import { packageRoot } from '../../src/program-files.ts';

describe('anyProvider', () => {
  it('joins the names of all providers', () => {
    expect(anyProvider('and')).toBe('Entra ID and Okta');
    expect(anyProvider('or')).toBe('Entra ID or Okta');
  });
});

describe('the pages', () => {
  const folders = ['views', 'src/web/view-models'].map((folder) => join(packageRoot, folder));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ejs|ts)$/.test(file))
      .map((file) => join(folder, file)),
  );
  // The layout of the demonstration says what is simulated, in the words of the demo.
  const lists = providerIds.flatMap((first) =>
    providerIds
      .filter((second) => second !== first)
      .flatMap((second) => [
        `${providerTitle(first)} and ${providerTitle(second)}`,
        `${providerTitle(first)} or ${providerTitle(second)}`,
      ]),
  );

  it('take the names of providers from the one list of them', () => {
    const found = files.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => !line.includes('Demonstration') && lists.some((list) => line.includes(list)))
        .map((line) => `${file}: ${line}`),
    );

    expect(found).toEqual([]);
  });
});
