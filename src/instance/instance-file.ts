import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { outboundFetch } from '../http/fetch.ts';
import { isObject } from '../text/json-shape.ts';

/**
 * How a command finds the web app that is running for this data folder: the server writes its port and a secret there, and
 * proves on request that it knows the secret. Another program on that port cannot prove this, so commands send it no link.
 */
export interface RunningInstance {
  pid: number;
  port: number;
  /** The port of the service worker cleanup server; null if it could not listen. */
  cleanupPort: number | null;
  /** base64url */
  secret: string;
}

/** Timeout for the server's proof. Long, because a second server cannot replace one that is only busy. Milliseconds. */
const proofTimeoutMs = 10_000;

function instanceFilePath(home: string): string {
  return join(home, 'server.json');
}

/** The instance of a server that is about to listen, with a new secret. */
export function newInstance(port: number, cleanupPort: number | null = null): RunningInstance {
  return { pid: process.pid, port, cleanupPort, secret: randomBytes(32).toString('base64url') };
}

/**
 * Writes the instance file; the returned function removes it. Call it after listening succeeded, so that a failed start
 * never overwrites the file of a running server.
 */
export function writeInstanceFile(home: string, instance: RunningInstance): () => void {
  const file = instanceFilePath(home);
  const temporary = `${file}.${randomUUID()}.tmp`;
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(descriptor, JSON.stringify(instance));
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
  return () => {
    if (readInstanceFile(home)?.secret === instance.secret) rmSync(file, { force: true });
  };
}

/** Error codes if nothing listens, or the machine does not have the address. */
const nothingThere = /^E(?:CONNREFUSED|ADDRNOTAVAIL|NETUNREACH|HOSTUNREACH|AFNOSUPPORT|INVAL)$/;

/**
 * The web app that is running for this data folder, after it has proved its identity; null if there is none. On a machine
 * with only one loopback address, it listens on that one.
 */
export async function findRunningInstance(
  home: string,
  fetch: typeof globalThis.fetch = outboundFetch,
  timeoutMs = proofTimeoutMs,
): Promise<RunningInstance | null> {
  const instance = readInstanceFile(home);
  if (instance === null) return null;
  try {
    const verified = await respondsToChallenge(instance, '127.0.0.1', fetch, timeoutMs).catch(
      (error: Error) => {
        const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
        if (!nothingThere.test(code ?? '')) throw error;
        return respondsToChallenge(instance, '[::1]', fetch, timeoutMs);
      },
    );
    return verified ? instance : null;
  } catch {
    return null;
  }
}

/** Whether the server at a loopback address proves that it is the one of the instance file. */
async function respondsToChallenge(
  { port, secret }: RunningInstance,
  host: string,
  fetch: typeof globalThis.fetch,
  timeoutMs: number,
): Promise<boolean> {
  const challenge = randomBytes(32).toString('base64url');
  const answer = await fetch(`http://${host}:${port}/instance?challenge=${challenge}`, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const body: unknown = await answer.json();
  const proof = isObject(body) && typeof body.proof === 'string' ? body.proof : '';
  return verifyChallenge(proof, signChallenge(secret, challenge));
}

/** The proof for a command that sends this challenge; null if the challenge is malformed. */
export function proofOf(secret: string, challenge: string | null): string | null {
  return challenge !== null && /^[\w-]{16,128}$/.test(challenge) ? signChallenge(secret, challenge) : null;
}

/** HMAC-SHA256 of the challenge, in base64url. */
export function signChallenge(secret: string, challenge: string): string {
  return createHmac('sha256', secret).update(challenge).digest('base64url');
}

function verifyChallenge(given: string, expected: string): boolean {
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

function readInstanceFile(home: string): RunningInstance | null {
  try {
    return parseInstance(JSON.parse(readFileSync(instanceFilePath(home), 'utf8')));
  } catch {
    return null;
  }
}

function parseInstance(value: unknown): RunningInstance | null {
  if (!isObject(value)) return null;
  const { pid, port, cleanupPort = null, secret } = value;
  const isValid =
    Number.isSafeInteger(pid) &&
    isPort(port) &&
    (cleanupPort === null || isPort(cleanupPort)) &&
    typeof secret === 'string' &&
    secret.length >= 43;
  return isValid ? ({ pid, port, cleanupPort, secret } as RunningInstance) : null;
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65535;
}
