import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readLastStage } from '../../scripts/containerfile.ts';
import { freePort, simulatorEnvironment } from '../support/cli/cli-process.ts';
import { forFile } from '../support/for-file.ts';
import { stepHangsMs } from '../support/hang-limits.ts';
import { assembleImage, type ImageRoot, reasonWithoutRoot } from '../support/image-root.ts';
import { simulated } from '../support/test-simulator.ts';

const containerfile = readFileSync(join(import.meta.dirname, '../../deploy/Containerfile'), 'utf8');

describe('the Containerfile', () => {
  it('takes only what the program needs into an image without a shell, for an unprivileged user', () => {
    const stage = readLastStage(containerfile);
    expect(stage.from).toContain('distroless');
    expect(stage.copies.map(({ source }) => source)).toEqual([
      '/src/node_modules',
      '/src/package.json',
      '/src/bin',
      '/src/dist',
      '/src/views',
      '/data',
    ]);
    // Every folder of the package that npm publishes.
    const { files } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      files: string[];
    };
    for (const name of files.filter((each) => !each.startsWith('!'))) {
      expect(stage.copies.map(({ source }) => source)).toContain(`/src/${name}`);
    }
    expect(stage.copies.filter(({ owner }) => owner !== '0:0').map(({ target }) => target)).toEqual(
      stage.volumes,
    );
    expect(stage.user).toBe('65532:65532');
    expect(() => readLastStage(`${containerfile}\nRUN apt-get update`)).toThrow('RUN');
  });
});

const reason = reasonWithoutRoot();
describe.skipIf(reason !== '')(`the files of the image${reason}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-image-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let image: ImageRoot;
  const port = forFile(freePort);
  beforeAll(() => {
    // The user of the image has to reach it.
    chmodSync(folder, 0o755);
    image = assembleImage(folder, port());
  });

  const inImage = (args: readonly string[], environment: NodeJS.Dict<string> = {}, input = '') => {
    const [file = '', ...rest] = image.command(environment, args);
    return spawnSync(file, rest, { encoding: 'utf8', input, timeout: stepHangsMs });
  };
  const run = (args: string[], environment: NodeJS.Dict<string> = {}, input = '') =>
    inImage([...image.stage.entrypoint, ...args], environment, input);

  it('have no shell, no package manager and no packages for development', () => {
    const names = globSync('**/{sh,bash,dash,busybox,apt,apt-get,dpkg,npm,npx,corepack}', {
      cwd: image.folder,
    });
    expect(names.filter((name) => statSync(join(image.folder, name)).isFile())).toEqual([]);
    const packages = readdirSync(join(image.folder, 'app/node_modules'));
    expect(packages).toEqual(expect.arrayContaining(['express', 'pg', 'undici', 'webex-token-broker']));
    for (const name of ['vitest', 'typescript', 'node', 'esbuild', 'postject'])
      expect(packages).not.toContain(name);
    expect(
      globSync('**/{simulator,test-simulator,.env}', {
        cwd: join(image.folder, 'app/node_modules/webex-token-broker'),
      }),
    ).toEqual([]);
  });

  it('can be written only in the declared volume', () => {
    const folders = [
      '/',
      '/app',
      '/app/node_modules/webex-token-broker/dist',
      '/etc',
      '/nodejs/bin',
      '/tls',
      '/data',
    ];
    const script = `const { writeFileSync } = require('node:fs');
      for (const folder of ${JSON.stringify(folders)}) {
        try { writeFileSync(folder + '/probe', ''); console.log(folder); } catch {}
      }`;
    const { stdout } = inImage([image.stage.entrypoint[0] ?? '', '-e', script]);
    expect(stdout.split('\n').filter(Boolean)).toEqual(image.stage.volumes);
  });

  it('run the token API, the relay, the health check and remind as the user of the image', async () => {
    const webex = await simulated();
    const environment = simulatorEnvironment(webex);
    const { accessToken } = webex.issueToken('full-admin');
    const imported = run(['import', 'acme'], environment, accessToken);
    expect([imported.status, imported.stderr]).toEqual([0, expect.stringContaining('Saved "acme"')]);
    const secretOf = (args: string[]) => {
      const added = run(['client', 'add', ...args, '--profile', 'acme', '--json'], environment);
      expect([added.status, added.stderr]).toEqual([0, expect.anything()]);
      return JSON.parse(added.stdout) as { secret?: string; client_secret?: string };
    };
    const job = secretOf(['job']);
    const relay = secretOf(['entra', '--relay']);

    const [file = '', ...args] = image.command(environment, [
      ...image.stage.entrypoint,
      ...image.stage.command,
    ]);
    const server = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [server.stdout, server.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk;
      });
    onTestFinished(() => void server.kill('SIGKILL'));
    await expect
      .poll(() => ({ status: inImage(image.stage.healthCheck).status, output }), { interval: 200 })
      .toMatchObject({ status: 0 });

    const basic = (name: string, secret = '') =>
      `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
    const token = await send(
      port(),
      'POST',
      '/oauth/token',
      basic('job', job.secret ?? job.client_secret),
      'grant_type=client_credentials',
    );
    expect([token.status, JSON.parse(token.body)]).toEqual([
      200,
      expect.objectContaining({ access_token: accessToken }),
    ]);
    const users = await send(
      port(),
      'GET',
      '/scim/acme/Users?count=1',
      `Bearer ${relay.secret ?? relay.client_secret}`,
    );
    expect([users.status, users.body]).toEqual([200, expect.stringContaining('ListResponse')]);
    expect(run(['remind'], environment)).toMatchObject({ status: 0 });

    server.kill('SIGTERM');
    const [code] = await once(server, 'exit');
    expect(code).toBe(0);
    expect(inImage(image.stage.healthCheck).status).toBe(1);
    for (const name of readdirSync(image.data)) expect(statSync(join(image.data, name)).uid).toBe(65532);
  });
});

async function send(port: number, method: string, path: string, authorization: string, body = '') {
  const headers = {
    authorization,
    ...(body !== '' && { 'content-type': 'application/x-www-form-urlencoded' }),
  };
  const agent = new Agent({ rejectUnauthorized: false });
  const sent = request({ host: 'localhost', port, method, path, agent, headers }).end(body);
  const [response] = await once(sent, 'response');
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return { status: response.statusCode as number, body: Buffer.concat(parts).toString() };
}
