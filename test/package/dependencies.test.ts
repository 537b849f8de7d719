import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

interface LockedPackage {
  version?: string;
  resolved?: string;
  integrity?: string;
  license?: string;
  dev?: boolean;
  devOptional?: boolean;
  link?: boolean;
  hasInstallScript?: boolean;
}

const lock = JSON.parse(read('package-lock.json')) as {
  lockfileVersion: number;
  packages: Record<string, LockedPackage>;
};
const manifest = JSON.parse(read('package.json')) as {
  dependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
};
const { '': _own, ...installed } = lock.packages;
const packages = Object.entries(installed).map(([path, locked]) => ({
  name: path.replace(/^.*node_modules\//, ''),
  ...locked,
}));
const shipped = packages.filter(({ dev, devOptional }) => !dev && !devOptional);

/** Each permits use, modification and redistribution, and requires only attribution. */
const allowed = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
  '(MIT OR CC0-1.0)',
];

describe('what npm installs', () => {
  test('is pinned by hash and comes only from the default registry', () => {
    expect(lock.lockfileVersion).toBe(3);
    expect(packages.length).toBeGreaterThan(100);
    for (const { name, version, integrity, resolved, link } of packages) {
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+/)]);
      expect([name, integrity]).toEqual([name, expect.stringMatching(/^sha512-[A-Za-z0-9+/]{86}==$/)]);
      expect([name, link]).toEqual([name, undefined]);
      // Without an address, npm uses the configured registry: the default one unless it is changed.
      if (resolved !== undefined) expect(resolved).toMatch(/^https:\/\/registry\.npmjs\.org\//);
    }
    expect(read('.npmrc')).not.toMatch(/registry *=|_auth|\/\//);
  });

  test('runs only install scripts that are listed with a reason, and none of a shipped package', () => {
    const running = [...new Set(packages.filter((each) => each.hasInstallScript).map(({ name }) => name))];
    expect(running.sort()).toEqual(Object.keys(manifest.allowScripts).sort());
    const reasons = read('SECURITY.md');
    for (const name of running) expect(reasons).toContain(`\`${name.replace(/\/.*/, '')}`);
    expect(shipped.filter((each) => each.hasInstallScript)).toEqual([]);
  });
});

describe('what is shipped', () => {
  test('has few dependencies, with licenses that permit shipping them', () => {
    expect(shipped.filter(({ license }) => !allowed.includes(license ?? 'none'))).toEqual([]);
    expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(20);
    expect(shipped.length).toBeLessThan(200);
  });

  test('is listed without a stack trace for a reader that goes away', async () => {
    const child = spawn(process.execPath, [join(root, 'scripts/sbom.ts')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const stderr = text(child.stderr);
    const [code] = await once(child, 'close');
    expect([code, await stderr]).toEqual([0, '']);
  });

  test('is listed by npm run sbom as CycloneDX, with versions, licenses and hashes', async () => {
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'sbom'], {
      cwd: root,
      maxBuffer: 64 << 20,
      shell: process.platform === 'win32',
    });
    const bom = JSON.parse(stdout) as {
      bomFormat: string;
      metadata: { component: { purl: string } };
      components: { name: string; version: string; hashes?: { alg: string }[]; licenses?: object[] }[];
    };
    expect(bom.bomFormat).toBe('CycloneDX');
    expect(bom.metadata.component.purl).toMatch(/^pkg:npm\/webex-token-broker@/);
    const named = (each: { name: string; version?: string }) => `${each.name}@${each.version}`;
    expect(bom.components.map(named).sort()).toEqual(shipped.map(named).sort());
    for (const { name, hashes, licenses } of bom.components) {
      expect({ name, hashes, licenses }).toMatchObject({
        hashes: [{ alg: 'SHA-512' }],
        licenses: [expect.anything()],
      });
    }
  });
});
