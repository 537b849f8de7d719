import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { JWTPayload } from 'jose';
import { describe, expect, it } from 'vitest';
import { machineWithToken, token } from '../support/cli/stored-token.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  entraClaims,
  githubClaims,
  gitlabClaims,
  kubernetesClaims,
  startWorkloadIssuer,
} from '../support/workload-issuer.ts';

const root = join(import.meta.dirname, '../..');
const endpoint = 'https://tokens.example.com:8443';

function isInstalled(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const missing = ['bash', 'curl', 'jq'].filter((program) => !isInstalled(program, '--version'));
const hasKubectl = isInstalled('kubectl', 'version', '--client');

/** The code blocks of one section of a document, without their indentation. */
function blocks(language: string, heading: string, file = 'docs/recipes.md'): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const [, section = ''] = text.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  const fences = new RegExp(`^ *\`\`\`${language}\n(.*?)^ *\`\`\``, 'gms');
  return [...own.matchAll(fences)].map(([, code = '']) => code);
}

function only(found: string[], holding: string): string {
  const [block, ...more] = found.filter((each) => each.includes(holding));
  if (block === undefined || more.length > 0) throw new Error(`not one block with ${holding}`);
  return block;
}

/** The text of a YAML literal block (`|`) after a line that ends with `start`. */
function literal(yaml: string, start: string): string {
  const lines = yaml.split('\n');
  const at = lines.findIndex((line) => line.trim() === start) + 1;
  const indent = /^ */.exec(lines[at] ?? '')?.[0] ?? '';
  const end = lines.findIndex((line, index) => index >= at && line !== '' && !line.startsWith(indent));
  return lines
    .slice(at, end === -1 ? undefined : end)
    .map((line) => line.slice(indent.length))
    .join('\n');
}

/** The value of a YAML mapping on one line. */
function scalar(yaml: string, key: string): string {
  const [, value = ''] = new RegExp(`^\\s*${key}: "?(.*?)"?$`, 'm').exec(yaml) ?? [];
  return value;
}

/** The arguments of the recipe's `client add`, with the simulated issuer. */
function registration(command: string, issuer: string): string[] {
  const { sub = '', appid } = entraClaims(issuer, 0);
  const filled = command.replace('OBJECT-ID', sub).replace('APPLICATION-ID', String(appid));
  const words = filled.replaceAll('\\\n', ' ').trim().split(/\s+/);
  const args = words.slice(words.indexOf('client'));
  args[args.indexOf('--issuer') + 1] = issuer;
  return args;
}

/** A machine that serves the token API, with the client of a recipe. */
async function ready(recipe: string, claims: (iss: string, now: number) => JWTPayload) {
  const issuer = await startWorkloadIssuer();
  const here = await machineWithToken();
  const running = here.start(['serve', '--api', '127.0.0.1:0']);
  const [, origin = ''] = await running.stderrMatching(/token API listens on (\S+)\. Its/);
  const added = await here.run(registration(recipe, issuer.issuer));
  expect(added, added.stderr).toMatchObject({ code: 0 });
  const claimsNow = () => claims(issuer.issuer, Math.floor(Date.now() / 1000));
  return { issuer, here, origin, claims: claimsNow, jwt: () => issuer.sign(claimsNow()) };
}

async function runScript(shell: string[], script: string, environment: Record<string, string>, cwd: string) {
  const [program = 'sh', ...args] = shell;
  return await promisify(execFile)(program, [...args, script], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...environment },
  });
}

/** A folder whose `sync-users.sh` writes the token that it gets. */
function workFolder(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'sync-users.sh'), '#!/bin/sh\nprintf %s "$WEBEX_ACCESS_TOKEN" > received\n', {
    mode: 0o755,
  });
  return folder;
}

const received = (folder: string) => readFileSync(join(folder, 'received'), 'utf8');

const reason = missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')} not installed)`;

describe.skipIf(missing.length > 0)(`the recipes without a stored secret${reason}`, () => {
  it('get the token in a simulated GitHub Actions job', async () => {
    const recipe = only(blocks('sh', 'GitHub Actions'), 'client add');
    const job = await ready(recipe, githubClaims);
    const workflow = only(blocks('yaml', 'GitHub Actions'), 'id-token');
    expect(workflow).toContain('id-token: write');
    // GitHub answers a request with the job's own credential, for the wanted audience.
    job.issuer.answers.set('/idtoken?api-version=2.0&audience=webex-token', (request, response) => {
      const allowed = request.headers.authorization === 'Bearer request-token';
      response.writeHead(allowed ? 200 : 401, { 'content-type': 'application/json' });
      if (!allowed) return response.end('{}');
      return void job.jwt().then((value) => response.end(JSON.stringify({ count: 1, value })));
    });
    const folder = workFolder();
    const script = literal(workflow, 'run: |').replace(endpoint, job.origin);
    const { stdout } = await runScript(
      ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c'],
      script,
      {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${job.issuer.issuer}/idtoken?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
        GITHUB_ENV: join(folder, 'environment'),
      },
      folder,
    );
    expect(readFileSync(join(folder, 'environment'), 'utf8')).toBe(`WEBEX_ACCESS_TOKEN=${token}\n`);
    // The token and the JWT are masked before anything else can print them.
    expect(stdout.split('\n').filter((line) => line !== '')).toEqual([
      expect.stringMatching(/^::add-mask::ey/),
      `::add-mask::${token}`,
    ]);
    const log = await job.here.run(['log', '--json', '--client', 'ci']);
    expect(log.stdout).toContain('"action":"read","outcome":"ok","profile":"acme","client":"ci"');
  });

  it('end a job of another branch with an error, which the log of this program explains', async () => {
    const recipe = only(blocks('sh', 'GitLab CI'), 'client add');
    const job = await ready(recipe, gitlabClaims);
    const script = literal(only(blocks('yaml', 'GitLab CI'), 'id_tokens'), '- |').replace(
      endpoint,
      job.origin,
    );
    const sub = 'project_path:acme/provisioning:ref_type:branch:ref:other';
    const environment = { WEBEX_TOKEN_JWT: await job.issuer.sign({ ...job.claims(), sub }) };
    const folder = workFolder();
    await expect(runScript(['bash', '-eo', 'pipefail', '-c'], script, environment, folder)).rejects.toThrow(
      /401/,
    );
    const log = await job.here.run(['log', '--json', '--client', 'ci']);
    expect(log.stdout).toContain(`"subject":"sub: ${sub}"`);
  });

  it('get the token in a simulated GitLab job', async () => {
    const recipe = only(blocks('sh', 'GitLab CI'), 'client add');
    const job = await ready(recipe, gitlabClaims);
    const yaml = only(blocks('yaml', 'GitLab CI'), 'id_tokens');
    expect(job.claims().aud).toBe(scalar(yaml, 'aud'));
    const folder = workFolder();
    const script = literal(yaml, '- |').replace(endpoint, job.origin);
    await runScript(['bash', '-eo', 'pipefail', '-c'], script, { WEBEX_TOKEN_JWT: await job.jwt() }, folder);
    expect(received(folder)).toBe(token);
  });

  it('get the token in a simulated pod, again and again with the same projected token', async () => {
    const recipe = only(blocks('sh', 'Kubernetes'), 'client add');
    const pod = await ready(recipe, kubernetesClaims);
    const yaml = only(blocks('yaml', 'Kubernetes'), 'kind: Pod');
    expect(pod.claims().aud).toEqual([scalar(yaml, 'audience')]);
    expect(pod.claims().sub).toBe(
      `system:serviceaccount:${scalar(yaml, 'namespace')}:${scalar(yaml, 'serviceAccountName')}`,
    );
    const folder = workFolder();
    // Relative to the folder, whose own path may contain a space.
    const mount = join('.', scalar(yaml, 'mountPath'));
    mkdirSync(join(folder, mount), { recursive: true });
    writeFileSync(join(folder, mount, scalar(yaml, 'path')), await pod.jwt());
    const script = literal(yaml, '- |')
      .replace(endpoint, pod.origin)
      .replace(scalar(yaml, 'mountPath'), mount);
    for (let run = 0; run < 2; run += 1) {
      await runScript(['sh', '-ec'], script, {}, folder);
      expect(received(folder)).toBe(token);
    }
  });

  it('get the token with the webhook provider of External Secrets Operator', async () => {
    const pod = await ready(only(blocks('sh', 'Kubernetes'), 'client add'), kubernetesClaims);
    const [store = ''] = only(blocks('yaml', 'External Secrets Operator'), 'kind: SecretStore').split('---');
    // What the operator does: it fills in the templates of the store, sends the request and takes the value.
    const body = scalar(store, 'body').replace('{{ .webex.jwt }}', await pod.jwt());
    expect(body).not.toContain('{{');
    const response = await fetch(scalar(store, 'url').replace(endpoint, pod.origin), {
      method: scalar(store, 'method'),
      headers: { 'Content-Type': scalar(store, 'Content-Type') },
      body,
    });
    expect(response.status).toBe(200);
    expect(scalar(store, 'jsonPath')).toBe('$.access_token');
    expect(((await response.json()) as { access_token: string }).access_token).toBe(token);
  });

  it('get the token for Entra ID, as its provisioning service asks for it', async () => {
    const recipe = only(blocks('sh', 'Without any secret', 'docs/entra.md'), 'client add');
    const entra = await ready(recipe, entraClaims);
    const response = await fetch(`${entra.origin}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: 'entra',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await entra.jwt(),
        scope: 'scim',
      }),
    });
    expect(await response.json()).toMatchObject({ access_token: token, token_type: 'Bearer' });
  });
});

describe.skipIf(!hasKubectl)(
  `the manifests of the recipes${hasKubectl ? '' : ' (skipped: no kubectl)'}`,
  () => {
    it('are read by kubectl', () => {
      const manifests = [...blocks('yaml', 'Kubernetes'), ...blocks('yaml', 'External Secrets Operator')];
      for (const manifest of manifests.filter(
        (each) => each.includes('apiVersion: ') && each.includes('\nkind: '),
      )) {
        const folder = temporaryFolder();
        writeFileSync(join(folder, 'recipe.yaml'), manifest);
        writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [recipe.yaml]\n');
        const built = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
        expect(built.match(/^kind: /gm)).toHaveLength(manifest.match(/^kind: /gm)?.length ?? 0);
      }
    });

    it('write the JWT of the External Secrets Operator to a labeled Secret', async () => {
      const yaml = only(blocks('yaml', 'External Secrets Operator'), 'kind: CronJob');
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'jwt'), 'a-jwt');
      const script = literal(yaml, '- |')
        .replace(scalar(yaml, 'mountPath'), '.')
        .replace('kubectl apply -f -', 'cat');
      const { stdout } = await runScript(['sh', '-ec'], script, { HOME: folder }, folder);
      expect(stdout).toContain('external-secrets.io/type: webhook');
      expect(stdout).toContain(`jwt: ${Buffer.from('a-jwt').toString('base64')}`);
    });
  },
);
