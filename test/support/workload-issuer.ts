import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { atEnd } from './for-file.ts';

export interface WorkloadIssuer {
  /** The `iss`, an address of this server. */
  issuer: string;
  /** The requested paths, in order. */
  requests: string[];
  /** The published keys. */
  keys: JWK[];
  /** The discovery document. */
  discovery: Record<string, unknown>;
  /** Handles these paths instead. */
  answers: Map<string, RequestListener>;
  jwksPath: string;
  /** Signs with the newest key. */
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>;
  /** Creates a new key. By default, the old one is no longer published. */
  rotate(options?: { alg?: string; keepOld?: boolean; kid?: string }): Promise<void>;
}

/** The keys of issuers that have ended, by algorithm: to generate an RSA key takes longer than most tests. */
const spare = new Map<string, CryptoKeyPair[]>();

/** A platform that issues JWTs to its workloads, with its discovery document and keys. Ends with the test. */
export async function startWorkloadIssuer({
  path = '',
  jwksPath = '/.well-known/jwks',
  alg = 'RS256',
  tls,
}: {
  path?: string;
  jwksPath?: string;
  alg?: string;
  /** Serves https on `localhost` with this certificate. */
  tls?: { cert: string; key: string };
} = {}): Promise<WorkloadIssuer> {
  const requests: string[] = [];
  const answers = new Map<string, RequestListener>();
  const keys: JWK[] = [];
  const discovery: Record<string, unknown> = {};
  const discoveryPath = `${path.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const listener: RequestListener = (request, response) => {
    const asked = request.url ?? '';
    requests.push(asked);
    const answer = answers.get(asked);
    if (answer !== undefined) return answer(request, response);
    const json = asked === discoveryPath ? discovery : asked === jwksPath ? { keys } : null;
    response.writeHead(json === null ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(json));
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const origin = tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
  const issuer = origin + path;
  Object.assign(discovery, {
    issuer,
    jwks_uri: origin + jwksPath,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [alg],
  });
  let count = 0;
  let current = { alg, kid: '', key: null as CryptoKey | null };
  const rotate: WorkloadIssuer['rotate'] = async (options = {}) => {
    const pair = await keyPair(options.alg ?? alg);
    const kid = options.kid ?? `key-${++count}`;
    if (!options.keepOld) keys.length = 0;
    keys.push({ ...(await exportJWK(pair.publicKey)), kid, use: 'sig', alg: options.alg ?? alg });
    current = { alg: options.alg ?? alg, kid, key: pair.privateKey };
  };
  await rotate();
  const sign: WorkloadIssuer['sign'] = async (claims, header = {}) => {
    if (current.key === null) throw new Error('no key');
    return await new SignJWT(claims)
      .setProtectedHeader({ typ: 'JWT', alg: current.alg, kid: current.kid, ...header })
      .sign(current.key);
  };
  return { issuer, requests, keys, discovery, answers, jwksPath, sign, rotate };
}

async function keyPair(alg: string): Promise<CryptoKeyPair> {
  const unused = spare.get(alg) ?? [];
  spare.set(alg, unused);
  const pair = unused.pop() ?? (await generateKeyPair(alg, { extractable: true }));
  atEnd(() => void unused.push(pair));
  return pair;
}

/*
 * The claims that the platforms document. `now` in seconds.
 */

/** docs.github.com, "OpenID Connect reference": five minutes, and a `nbf` ten minutes back. */
export function githubClaims(iss: string, now: number): JWTPayload {
  return {
    jti: 'c4b3a2d1-0000-4000-8000-000000000001',
    sub: 'repo:acme/provisioning:ref:refs/heads/main',
    aud: 'webex-token',
    ref: 'refs/heads/main',
    sha: 'f4c1e0d1b2a3948576a0b1c2d3e4f5061728394a',
    repository: 'acme/provisioning',
    repository_owner: 'acme',
    repository_owner_id: '65',
    repository_id: '74',
    repository_visibility: 'private',
    run_id: '6543210987',
    run_number: '10',
    run_attempt: '1',
    runner_environment: 'github-hosted',
    actor: 'ada',
    actor_id: '12',
    workflow: 'Provision',
    workflow_ref: 'acme/provisioning/.github/workflows/provision.yml@refs/heads/main',
    job_workflow_ref: 'acme/provisioning/.github/workflows/provision.yml@refs/heads/main',
    head_ref: '',
    base_ref: '',
    event_name: 'schedule',
    ref_type: 'branch',
    ref_protected: 'true',
    iss,
    nbf: now - 600,
    exp: now + 300,
    iat: now,
  };
}

/** docs.gitlab.com, "OpenID Connect (OIDC) Authentication Using ID Tokens": lives as long as the job may run. */
export function gitlabClaims(iss: string, now: number): JWTPayload {
  return {
    namespace_id: '72',
    namespace_path: 'acme',
    project_id: '20',
    project_path: 'acme/provisioning',
    user_id: '1',
    user_login: 'ada',
    user_email: 'ada@example.com',
    pipeline_id: '574',
    pipeline_source: 'schedule',
    job_id: '302',
    ref: 'main',
    ref_type: 'branch',
    ref_path: 'refs/heads/main',
    ref_protected: 'true',
    runner_id: 1,
    runner_environment: 'gitlab-hosted',
    sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
    project_visibility: 'private',
    ci_config_ref_uri: 'gitlab.example.com/acme/provisioning//.gitlab-ci.yml@refs/heads/main',
    ci_config_sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
    jti: '235b3a54-b797-45c7-ae9a-f72d7bc6ef5b',
    iss,
    iat: now,
    nbf: now - 5,
    exp: now + 7_200,
    sub: 'project_path:acme/provisioning:ref_type:branch:ref:main',
    aud: 'webex-token',
  };
}

/** kubernetes.io, "Managing Service Accounts": a projected token. Its audience is a list. */
export function kubernetesClaims(iss: string, now: number): JWTPayload {
  return {
    aud: ['webex-token'],
    exp: now + 3_607,
    iat: now,
    iss,
    jti: '7ee52be0-9045-4653-aa5e-0da57b8dccdc',
    'kubernetes.io': {
      namespace: 'provisioning',
      node: { name: 'node-1', uid: '0b4e3d9c-1f33-44cf-9f9c-3f3f4ea0a1a1' },
      pod: { name: 'hr-sync-28611', uid: '6f2f8a0b-30a7-4a40-8f0c-7cbb1e7f1c55' },
      serviceaccount: { name: 'hr-sync', uid: '14ee3fa4-a7e2-420f-9f9a-dbc4507c3798' },
    },
    nbf: now,
    sub: 'system:serviceaccount:provisioning:hr-sync',
  };
}

/** AzureAD/SCIMReferenceCode, Workload-Identity-Federation-for-SCIM-Provisioning.md: 3,900 s, and no `jti`. */
export function entraClaims(iss: string, now: number): JWTPayload {
  const appid = 'b5ba7a93-4452-4522-aeb4-a2b5da870c16';
  return {
    aud: `api://${appid}`,
    iss,
    iat: now,
    nbf: now,
    exp: now + 3_900,
    aio: 'k2RgYGBgYGBgYGBgYGBgYGBg',
    appid,
    appidacr: '2',
    idp: iss,
    oid: 'd2f8ee76-c549-45b8-a143-f5b640669704',
    rh: '1.AAAA',
    sub: 'd2f8ee76-c549-45b8-a143-f5b640669704',
    tid: 'ce5f061f-abe6-4e40-9615-301f87bcb7f0',
    uti: 'kWb2yb2yb2yb2yb2yb2yAA',
    ver: '2.0',
  };
}
