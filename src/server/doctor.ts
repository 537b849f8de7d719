import { existsSync, statSync } from 'node:fs';
import { readSettings, type Settings } from '../config.ts';
import { BrokerError } from '../errors.ts';
import { type Keychain, keychainReason, systemKeychain } from '../keys/keychain.ts';
import { verifyAudit } from '../store/audit.ts';
import { listKeyEncryptionKeys } from '../store/keys.ts';
import { shownPlace } from '../store/postgres-url.ts';
import { listProfiles } from '../store/profiles.ts';
import { keyFilePath } from '../vault/obtain-key.ts';
import { closeVault, openVault, storePlace, type Vault } from '../vault/vault.ts';
import { deployments, deploymentTitles } from '../webex/deployments.ts';
import { coreDumpPlace, leavesCoreDump } from './core-dumps.ts';
import { portHolder } from './port-holder.ts';
import { findServer } from './presence.ts';

export interface Finding {
  title: string;
  /** Null: could not be told, or does not matter here. */
  ok: boolean | null;
  message: string;
  help?: string | undefined;
}

/** Looks at everything that this program depends on, and changes nothing but what opening the store does. */
export async function examine(keychain: Keychain = systemKeychain): Promise<Finding[]> {
  const findings: Finding[] = [{ title: 'Node.js', ok: true, message: process.versions.node }];
  let settings: Settings;
  try {
    settings = readSettings();
  } catch (error) {
    return [...findings, failure('Settings', error)];
  }
  findings.push({ title: 'Settings', ok: true, message: 'every variable can be used' });
  findings.push(...(await examineStore(settings, keychain)));
  findings.push(await examinePort(settings));
  findings.push(...(await examineCoreDumps(settings)));
  findings.push(...(await Promise.all(deployments.map((each) => reach(settings, each)))));
  return findings;
}

async function examineStore(settings: Settings, keychain: Keychain): Promise<Finding[]> {
  const place = storePlace(settings);
  const isFile = settings.databaseUrl === null;
  if (isFile && !existsSync(place)) {
    return [{ title: 'Store', ok: null, message: `${place} is made when it is first needed` }];
  }
  let vault: Vault;
  try {
    vault = await openVault(settings, { keychain });
  } catch (error) {
    return [failure('Store', error)];
  }
  try {
    const profiles = await listProfiles(vault.db);
    const size = isFile ? `, ${Math.ceil(statSync(place).size / 1024)} KiB` : '';
    return [
      { title: 'Store', ok: true, message: `${shownPlace(place)}: ${profiles.length} profiles${size}` },
      ...(await examineKey(vault, keychain)),
      await examineAudit(vault),
    ];
  } catch (error) {
    return [failure('Store', error)];
  } finally {
    await closeVault(vault);
  }
}

async function examineKey(vault: Vault, keychain: Keychain): Promise<Finding[]> {
  const places = {
    keychain: "in the operating system's keychain",
    file: `in the file ${keyFilePath(vault.settings)}; keep a copy of it apart from the database`,
    passphrase: 'made of WEBEX_TOKEN_PASSPHRASE',
  };
  const kinds = (await listKeyEncryptionKeys(vault.db)).map(({ kind }) => kind);
  const finding = { title: 'Key', ok: true, message: kinds.map((kind) => places[kind]).join(', and ') };
  // Somebody who named a file, or gave a passphrase, wants no keychain.
  const wantsKeychain =
    kinds.includes('file') && !kinds.includes('keychain') && vault.settings.keyFile === null;
  return wantsKeychain ? [finding, await examineKeychain(keychain)] : [finding];
}

async function examineKeychain(keychain: Keychain): Promise<Finding> {
  const title = 'Keychain';
  try {
    await keychain.get('doctor');
    return { title, ok: null, message: 'one works here, but this store keeps its key in a file' };
  } catch (error) {
    const message = `none that works here (${keychainReason(error)}), which is why the key is in a file`;
    return { title, ok: null, message };
  }
}

async function examineAudit(vault: Vault): Promise<Finding> {
  const { rows, broken } = await verifyAudit(vault.db);
  if (broken === null) return { title: 'Audit log', ok: true, message: `${rows} rows, unbroken` };
  return {
    title: 'Audit log',
    ok: false,
    message: `broken at row ${broken.seq}: ${broken.reason}`,
    help: 'Somebody changed the database from outside, or it was damaged. Restore a backup to compare.',
  };
}

async function examinePort({ home, port }: Settings): Promise<Finding> {
  const title = `Port ${port}`;
  const server = await findServer(home);
  if (server !== null) {
    return { title, ok: true, message: `the web app runs on it (process ${server.pid})` };
  }
  const holder = await portHolder(port);
  if (holder === null) return { title, ok: true, message: 'free' };
  return {
    title,
    ok: false,
    message: `held by ${holder.name} (process ${holder.pid})`,
    help: 'Webex sends the browser back to that very port. Stop that program before you sign in, or use "webex-token import".',
  };
}

/** The web app keeps tokens in its memory for longest; where it does not run, it is about what is started from here. */
async function examineCoreDumps({ home }: Settings): Promise<Finding[]> {
  const title = 'Core dumps';
  const leaves = leavesCoreDump((await findServer(home))?.pid);
  if (leaves === null) return [];
  if (!leaves) return [{ title, ok: true, message: 'none: a crash leaves nothing of the memory behind' }];
  const message = `where this program crashes, the system keeps its memory, tokens included (${coreDumpPlace()}); "ulimit -c 0" before it is started prevents that, or LimitCORE=0 in its systemd unit`;
  return [{ title, ok: null, message }];
}

/** How long a service may take to answer. Milliseconds. */
const reachTimeoutMs = 5_000;

async function reach(settings: Settings, deployment: (typeof deployments)[number]): Promise<Finding> {
  const title = deploymentTitles[deployment];
  const { api } = settings.webex[deployment];
  try {
    const answer = await fetch(`${api}/people/me`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(reachTimeoutMs),
    });
    await answer.body?.cancel();
    return {
      title,
      ok: true,
      message: `${new URL(api).host} answers${clockWords(answer.headers.get('date'))}`,
    };
  } catch {
    return {
      title,
      ok: null,
      message: `${new URL(api).host} cannot be reached from here, so tokens cannot be checked`,
    };
  }
}

/** A clock that is wrong makes reminders and expiries wrong. Said from two minutes on. */
function clockWords(date: string | null): string {
  const difference = date === null ? Number.NaN : Math.round((Date.now() - Date.parse(date)) / 1000);
  return Math.abs(difference) > 120
    ? `, and says that this machine's clock is ${difference} seconds off`
    : '';
}

function failure(title: string, error: unknown): Finding {
  if (error instanceof BrokerError) return { title, ok: false, message: error.message, help: error.help };
  return { title, ok: false, message: error instanceof Error ? error.message : String(error) };
}
