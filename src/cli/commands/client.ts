import { Command, InvalidArgumentError } from 'commander';
import type { Client } from '../../domain/client.ts';
import { dayMs } from '../../domain/lifetimes.ts';
import { userName } from '../../environment/os-user.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { readTextFile } from '../../text/decode-text.ts';
import { addClient, listClients, removeClient, rotateClientSecret } from '../../vault/clients/clients.ts';
import type { Actor } from '../../vault/context.ts';
import { parseDate } from '../options/parse-date.ts';
import { table } from '../terminal/table.ts';
import { note, print, printJson, styled } from '../terminal/terminal.ts';
import { withStore } from '../with-store.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('client')
    .description('Programs that may fetch tokens from the token endpoint, POST /oauth/token.')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(rotateCommand())
    .addCommand(removeCommand());
}

function addCommand(): Command {
  return new Command('add')
    .description('Register a program. Its secret is shown once, and kept as a hash only.')
    .argument('<name>', 'its client_id')
    .requiredOption('--profile <profile...>', 'what it may fetch; may be given several times')
    .option('--expires <date>', 'when its access ends, e.g. 2027-12-31, or 90d from now', parseEnd)
    .option('--allow <address...>', 'where it may ask from: addresses or networks such as 10.0.0.0/8')
    .option(
      '--max-expires-in <seconds>',
      'what it is told at most of how long a token is good for, so that it asks again (default 3600)',
      parseSeconds,
    )
    .option('--jwks <file>', 'its public keys (a JSON Web Key Set) for private_key_jwt, instead of a secret')
    .option('--json', 'as an object, for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token client add ci --profile acme\n  webex-token client add hr --profile acme --profile agency --allow 10.1.0.0/16 --expires 2027-12-31\n  webex-token client add ci --profile acme --jwks ci.jwks.json',
    )
    .action(add);
}

interface AddOptions {
  profile: string[];
  expires?: number;
  allow?: string[];
  maxExpiresIn?: number;
  jwks?: string;
  json?: boolean;
}

async function add(name: string, options: AddOptions): Promise<void> {
  const request = {
    name,
    profiles: options.profile,
    expiresAt: options.expires ?? null,
    addresses: options.allow ?? [],
    ...(options.maxExpiresIn !== undefined && { maxExpiresIn: options.maxExpiresIn }),
    ...(options.jwks !== undefined && { jwks: readText(options.jwks) }),
  };
  const { client, secret } = await withVault((vault) => addClient(vault, request, byUser()));
  showSecret(client, secret, options.json);
}

/** Shorter than a minute, and some clients would ask all the time; longer than ten years, and nothing is that good. */
function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,9}$/.test(text) && seconds >= 60 && seconds <= 315_360_000) return seconds;
  throw new InvalidArgumentError('It has to be a whole number of seconds, 60 or more, for example 3600.');
}

function showSecret(client: Client, secret: string | null, json: boolean | undefined): void {
  if (json) {
    printJson({
      client_id: client.name,
      ...(secret !== null && { client_secret: secret }),
      profiles: client.profiles,
    });
    return;
  }
  print(`client_id      ${client.name}`);
  if (secret !== null) print(`client_secret  ${secret}`);
  note(
    secret === null
      ? 'It proves itself with its private key (private_key_jwt).'
      : 'This is the only time that the secret is shown.',
  );
}

function listCommand(): Command {
  return new Command('list')
    .description('Which programs there are, what they may fetch, and when they last did.')
    .option('--json', 'as an array, for programs')
    .addHelpText('after', '\nExample:\n  webex-token client list')
    .action(list);
}

async function list(options: { json?: boolean }): Promise<void> {
  const clients = await withStore(listClients);
  if (options.json) return printJson(clients.map(forPrograms));
  if (clients.length === 0) {
    note('No program may fetch tokens yet. Register one with: webex-token client add NAME --profile PROFILE');
    return;
  }
  const rows = clients.map((client) => [
    client.name,
    shortened(client.profiles),
    client.authentication,
    client.lastUsedAt === null ? 'never' : minute(client.lastUsedAt),
    endWord(client),
    client.addresses.join(' ') || 'anywhere',
  ]);
  print(table(['CLIENT', 'PROFILES', 'PROVES ITSELF BY', 'LAST USED', 'ENDS', 'FROM'], rows));
  for (const { name, previousSecret } of clients) {
    if (previousSecret === null || previousSecret.until <= Date.now()) continue;
    const used =
      previousSecret.lastUsedAt === null
        ? 'not used since'
        : `last used ${minute(previousSecret.lastUsedAt)}`;
    note(`The old secret of "${name}" works until ${minute(previousSecret.until)}; ${used}.`);
  }
}

function forPrograms(client: Client) {
  const { previousSecret } = client;
  return {
    client_id: client.name,
    profiles: client.profiles,
    authentication: client.authentication,
    allow: client.addresses,
    created_at: instant(client.createdAt),
    expires_at: instant(client.expiresAt),
    last_used_at: instant(client.lastUsedAt),
    previous_secret_until: instant(previousSecret?.until ?? null),
    previous_secret_last_used_at: instant(previousSecret?.lastUsedAt ?? null),
  };
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description('Give a client a new secret. The old one works on for a while, so that nothing stops.')
    .argument('<name>')
    .option('--overlap <days>', 'how long the old secret works on; 0 ends it at once', overlap, 7)
    .option('--json', 'as an object, for programs')
    .addHelpText('after', '\nExample:\n  webex-token client rotate ci --overlap 14')
    .action(rotate);
}

async function rotate(name: string, options: { overlap: number; json?: boolean }): Promise<void> {
  const { client, secret } = await withVault((vault) =>
    rotateClientSecret(vault, name, options.overlap * dayMs, byUser()),
  );
  showSecret(client, secret, options.json);
  note(
    options.overlap === 0
      ? 'The old secret has ended.'
      : `The old secret works until ${minute(client.previousSecret?.until ?? 0)}. "webex-token client list" says whether it is still used.`,
  );
}

function removeCommand(): Command {
  return new Command('remove')
    .description('End a client’s access, at once.')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  webex-token client remove ci')
    .action(async (name: string) => {
      await withVault((vault) => removeClient(vault, name, byUser()));
      note(`"${name}" gets nothing any more.`);
    });
}

function byUser(): Actor {
  return { user: userName() };
}

function endWord({ expiresAt }: Client): string {
  if (expiresAt === null) return 'no end';
  return expiresAt <= Date.now() ? styled('red', `ended ${minute(expiresAt)}`) : minute(expiresAt);
}

function shortened(names: string[]): string {
  return names.length <= 3
    ? names.join(' ') || 'none'
    : `${names.slice(0, 2).join(' ')} and ${names.length - 2} more`;
}

function instant(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}

/** In UTC, to the minute: `2027-03-01 12:00Z`. */
function minute(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

function overlap(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 90) return value;
  throw new InvalidArgumentError('It is a whole number of days from 0 to 90.');
}

function parseEnd(text: string): number {
  return parseDate(text, 'ahead');
}

function readText(file: string): string {
  try {
    return readTextFile(file, 'E_JWKS');
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    throw new BrokerError('E_JWKS', `The key file ${file} cannot be read.`, { cause: error });
  }
}
