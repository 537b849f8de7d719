import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machineWithToken, token } from '../support/cli/stored-token.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { askWithAssertion } from '../support/workload-client.ts';
import { githubClaims, startWorkloadIssuer } from '../support/workload-issuer.ts';

const issuer = 'https://token.actions.githubusercontent.com';
const subject = 'repo:acme/provisioning:ref:refs/heads/main';
const identity = ['--issuer', issuer, '--subject', subject, '--audience', 'webex-token'];

describe('client add with a workload identity', () => {
  it('registers a client without a secret, says what its JWT must have, and lists it', async () => {
    const here = await machineWithToken();
    const added = await here.run(['client', 'add', 'ci', '--profile', 'acme', ...identity]);
    expect(added).toMatchObject({ code: 0, stdout: 'client_id      ci\n' });
    expect(added.stderr).toContain(`JWT from ${issuer} with sub ${subject} and aud webex-token`);

    const json = await here.run([
      'client',
      'add',
      'entra',
      '--profile',
      'acme',
      ...identity,
      '--any-scope',
      '--json',
    ]);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toEqual({ client_id: 'entra', profiles: ['acme'] });

    const list = await here.run(['client', 'list', '--json']);
    expect(JSON.parse(list.stdout)).toEqual([
      expect.objectContaining({ client_id: 'ci', auth: 'workload_identity', rights: null }),
      expect.objectContaining({ client_id: 'entra', auth: 'workload_identity', rights: null }),
    ]);
    const text = await here.run(['client', 'list']);
    expect(text.stdout).toMatch(/^ci +acme +workload_identity /m);
    expect(text.stderr).toContain(subject);
  });

  it('refuses an incomplete, contradictory or too wide registration, and stores nothing', async () => {
    const here = await machineWithToken();
    const refusals: [args: string[], reason: RegExp][] = [
      [['--issuer', issuer], /needs --subject and --audience/],
      [['--issuer', issuer, '--subject', subject], /needs --audience/],
      [['--subject', subject, '--audience', 'x'], /needs --issuer/],
      [['--any-scope'], /needs --issuer and --subject and --audience/],
      [[...identity, '--issuer', 'http://issuer.example'], /must start with https:/],
      [[...identity, '--subject', '*'], /matches every JWT/],
      [[...identity, '--subject', 'repo:*/*:ref:refs/heads/main'], /name the owner/],
      [[...identity, '--audience', '*'], /cannot contain \*/],
      [[...identity, '--issuer', ''], /not the URL/],
    ];
    for (const [args, reason] of refusals) {
      const ended = await here.run(['client', 'add', 'ci', '--profile', 'acme', ...args]);
      expect(ended, args.join(' ')).toMatchObject({ code: 2, stdout: '' });
      expect(ended.stderr).toMatch(reason);
    }
    expect((await here.run(['client', 'list', '--json'])).stdout.trim()).toBe('[]');
  });

  it('has no secret to rotate, and says what to do instead', async () => {
    const here = await machineWithToken();
    await here.run(['client', 'add', 'ci', '--profile', 'acme', ...identity]);
    const rotated = await here.run(['client', 'rotate', 'ci']);
    expect(rotated).toMatchObject({ code: 2, stdout: '' });
    expect(rotated.stderr).toMatch(/has no secret.*rotates its own keys/);
    expect(rotated.stderr).toContain('webex-token client remove ci');
    expect(rotated.stderr).toContain('webex-token client add ci --profile PROFILE --issuer URL');
  });
});

describe('serve --api with a workload identity', () => {
  /** Serves the API for a client of an issuer behind a company certificate authority. */
  async function servedWith(trust: boolean) {
    const { certificate, privateKey } = selfSigned('localhost');
    const file = join(temporaryFolder(), 'ca.pem');
    writeFileSync(file, certificate);
    const platform = await startWorkloadIssuer({ tls: { cert: certificate, key: privateKey } });
    expect(platform.issuer).toMatch(/^https:/);
    const here = await machineWithToken(trust ? { NODE_EXTRA_CA_CERTS: file } : {});
    await here.run(['client', 'add', 'ci', '--profile', 'acme', ...identity, '--issuer', platform.issuer]);
    const running = here.start(['serve', '--api', '127.0.0.1:0']);
    const [, origin = ''] = await running.stderrMatching(/token API listens on (\S+)\. Its/);
    const ask = async () => {
      const now = Math.floor(Date.now() / 1000);
      return await askWithAssertion(origin, await platform.sign(githubClaims(platform.issuer, now)));
    };
    const doctor = async () => (await here.run(['doctor', '--json'])).stdout;
    const stop = async () => {
      running.kill('SIGTERM');
      return (await running.finished).stderr;
    };
    return { ask, doctor, stop, platform };
  }

  // The server and `doctor` wait 5 seconds for the issuer, which may be too short on a busy machine.
  const polled = { interval: 1_000 };

  it('reads the keys over TLS that it trusts', async () => {
    const { ask, doctor, platform } = await servedWith(true);
    await expect.poll(ask, polled).toMatchObject({ status: 200, json: { access_token: token } });
    await expect.poll(doctor, polled).toContain(`${platform.issuer} responds; public keys: 1`);
  });

  it('uses no keys from a server that it does not trust, and says so in the log and in doctor', async () => {
    const { ask, doctor, stop, platform } = await servedWith(false);
    expect(await ask()).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    await expect
      .poll(doctor, polled)
      .toMatch(/keys from https:\/\/localhost:\d+ are not available: .*certificate/);
    expect(await stop()).toMatch(/keys of a workload identity issuer are not available/);
    expect(platform.requests).toEqual([]);
  });
});
