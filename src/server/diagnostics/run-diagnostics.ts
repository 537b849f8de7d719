import { existsSync, statSync } from 'node:fs';
import { readSettings, type Settings } from '../../config/settings.ts';
import { type Keychain, keychainReason, systemKeychain } from '../../crypto/keychain.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { commandLine } from '../../errors/remedy.ts';
import { checkPrivateDirectory } from '../../files/private-files.ts';
import { findRunningInstance } from '../../instance/instance-file.ts';
import { verifyAudit } from '../../store/audit/audit.ts';
import { rowText } from '../../store/audit/chain.ts';
import { listKeyEncryptionKeys } from '../../store/keys/keys.ts';
import { redactedLocation } from '../../store/postgres/url.ts';
import { listProfiles } from '../../store/profiles/profiles.ts';
import { formatCount, plural } from '../../text/count.ts';
import type { Vault } from '../../vault/context.ts';
import { keyFilePath } from '../../vault/keys/load-key.ts';
import {
  type EffectiveReminders,
  effectiveReminders,
  environmentReminders,
} from '../../vault/reminders/effective-reminders.ts';
import { storeLocation } from '../../vault/store-location.ts';
import { closeVault, openVault } from '../../vault/vault.ts';
import type { Deployment } from '../../webex/deployments.ts';
import { coreDumpPath, mayDumpCore } from '../core-dumps.ts';
import { findPortOwner } from '../listening/port-owner.ts';
import { diagnoseCertificates } from './certificates.ts';
import type { Finding } from './finding.ts';
import { diagnoseIssuers } from './issuers.ts';
import { diagnoseNetwork } from './network.ts';
import { diagnoseReminders } from './reminders.ts';
import { diagnoseRenewalHook } from './renewal-hook.ts';
import { diagnoseSchedule } from './schedule.ts';

/** Checks everything that this program depends on. Changes nothing except what opening the store changes. */
export async function runDiagnostics(keychain: Keychain = systemKeychain): Promise<Finding[]> {
  const findings: Finding[] = [{ title: 'Node.js', ok: true, message: process.versions.node }];
  let settings: Settings;
  try {
    settings = readSettings();
  } catch (error) {
    return [...findings, failure('Settings', error)];
  }
  findings.push({ title: 'Settings', ok: true, message: 'all variables are valid' });
  const found: StoreContent = { used: new Set(), reminders: environmentReminders({ settings }) };
  findings.push(...(await diagnoseStore(settings, keychain, found)));
  findings.push(await diagnosePort(settings));
  findings.push(...diagnoseCertificates(settings.home));
  findings.push(...(await diagnoseCoreDumps(settings)));
  findings.push(...(await diagnoseSchedule(settings)));
  findings.push(...(await diagnoseReminders(found.reminders)));
  findings.push(...(await diagnoseNetwork({ ...settings, reminders: found.reminders }, found.used)));
  return findings;
}

/** Data from the store that other checks need. */
interface StoreContent {
  /** The deployments that have a profile. */
  used: Set<Deployment>;
  reminders: EffectiveReminders;
}

/** Adds the content of the store to `found`. */
async function diagnoseStore(
  settings: Settings,
  keychain: Keychain,
  found: StoreContent,
): Promise<Finding[]> {
  const place = storeLocation(settings);
  const isFile = settings.databaseUrl === null;
  if (isFile && !existsSync(place)) {
    try {
      checkPrivateDirectory(settings.home);
    } catch (error) {
      return [failure('Store', error)];
    }
    return [{ title: 'Store', ok: null, message: `${place} does not exist yet; it is created on first use` }];
  }
  let vault: Vault;
  try {
    vault = await openVault(settings, { keychain });
  } catch (error) {
    return [failure('Store', error)];
  }
  try {
    const profiles = await listProfiles(vault.db);
    for (const { profile } of profiles) found.used.add(profile.deployment);
    found.reminders = await effectiveReminders(vault);
    const size = isFile ? `, ${formatCount(Math.ceil(statSync(place).size / 1024))} KiB` : '';
    return [
      {
        title: 'Store',
        ok: true,
        message: `${redactedLocation(place)}: ${plural(profiles.length, 'profile')}${size}`,
      },
      ...(await diagnoseKey(vault, keychain)),
      await diagnoseAudit(vault),
      ...(await diagnoseRenewalHook(vault)),
      ...(await diagnoseIssuers(vault)),
    ];
  } catch (error) {
    return [failure('Store', error)];
  } finally {
    await closeVault(vault);
  }
}

async function diagnoseKey(vault: Vault, keychain: Keychain): Promise<Finding[]> {
  const places = {
    keychain: "in the operating system's keychain",
    file: `in the file ${keyFilePath(vault.settings)}; keep a copy separate from the database`,
    passphrase: 'derived from WEBEX_TOKEN_PASSPHRASE',
  };
  const kinds = (await listKeyEncryptionKeys(vault.db)).map(({ kind }) => kind);
  const finding = { title: 'Key', ok: true, message: kinds.map((kind) => places[kind]).join(', and ') };
  // With a configured key file or passphrase, no keychain is needed.
  const wantsKeychain =
    kinds.includes('file') && !kinds.includes('keychain') && vault.settings.keyFile === null;
  return wantsKeychain ? [finding, await diagnoseKeychain(keychain)] : [finding];
}

async function diagnoseKeychain(keychain: Keychain): Promise<Finding> {
  const title = 'Keychain';
  try {
    await keychain.get('doctor');
    return { title, ok: null, message: 'available, but this store has its key in a file' };
  } catch (error) {
    const message = `not available (${keychainReason(error)}), so the key is in a file`;
    return { title, ok: null, message };
  }
}

async function diagnoseAudit(vault: Vault): Promise<Finding> {
  const { rows, broken } = await verifyAudit(vault.db);
  if (broken === null)
    return {
      title: 'Audit log',
      ok: true,
      message: `${plural(rows, 'entry', 'entries')}, integrity verified`,
    };
  return {
    title: 'Audit log',
    ok: false,
    message: `integrity check failed at ${rowText(broken, 'entry')}: ${broken.reason}`,
    help: 'The database was changed outside this program, or is damaged. Compare it with a backup.',
  };
}

async function diagnosePort({ home, port }: Settings): Promise<Finding> {
  const title = `Port ${port}`;
  const server = await findRunningInstance(home);
  if (server !== null) {
    return { title, ok: true, message: `in use by the web app (process ${server.pid})` };
  }
  const owner = await findPortOwner(port);
  if (owner === null) return { title, ok: true, message: 'free' };
  return {
    title,
    ok: false,
    message: `in use by ${owner.name} (process ${owner.pid})`,
    help: `Webex redirects the browser to this port. Stop that program before you sign in, or import the token: ${commandLine(['import', 'PROFILE'])}`,
  };
}

/** Checks the web app, which has tokens in memory the longest. If it is not running, checks processes started from here. */
async function diagnoseCoreDumps({ home }: Settings): Promise<Finding[]> {
  const title = 'Core dumps';
  const leaves = mayDumpCore((await findRunningInstance(home))?.pid);
  if (leaves === null) return [];
  if (!leaves) return [{ title, ok: true, message: 'disabled' }];
  const message = `enabled: a crash would write the memory, including tokens, to disk (${coreDumpPath()}). To disable core dumps, run "ulimit -c 0" before the start, or set LimitCORE=0 in the systemd unit`;
  return [{ title, ok: null, message }];
}

function failure(title: string, error: unknown): Finding {
  if (error instanceof BrokerError) return { title, ok: false, message: error.message, help: error.help };
  return { title, ok: false, message: error instanceof Error ? error.message : String(error) };
}
