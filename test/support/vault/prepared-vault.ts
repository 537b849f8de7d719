import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../../src/config/settings.ts';
import { tables } from '../../../src/store/database/tables.ts';
import { seenPlaces } from '../../../src/vault/integrity/seen-location.ts';
import { atEnd } from '../for-file.ts';
import { inDatabase } from '../store/engines.ts';

/** The files and rows after a vault was opened for the first time in a new data folder. */
export interface PreparedVault {
  /** Contents by name. */
  files: Map<string, Buffer>;
  /** A placeholder for the location of the store in the last state seen. */
  place: string;
  /** Fills the tables on PostgreSQL. */
  statement: string | null;
}

/** The location of the store by its configured path. */
export function placeOf(settings: Settings): string {
  return seenPlaces(settings)[0] ?? '';
}

let isCopied = false;

/** Whether nothing was copied in this test yet. Another store needs its own keys. */
export function isFirstCopy(): boolean {
  if (isCopied) return false;
  isCopied = true;
  atEnd(() => {
    isCopied = false;
  });
  return true;
}

/** Reads a vault that was opened and closed. */
export async function preparedVault(settings: Settings): Promise<PreparedVault> {
  const files = readdirSync(settings.home).map((name): [string, Buffer] => [
    name,
    readFileSync(join(settings.home, name)),
  ]);
  const { databaseUrl } = settings;
  return {
    files: new Map(files),
    place: placeOf(settings),
    statement: databaseUrl === null ? null : await fillingStatement(databaseUrl),
  };
}

async function fillingStatement(databaseUrl: string): Promise<string> {
  const statements: string[] = [];
  for (const table of tables) {
    const [row] = await inDatabase(databaseUrl, `select json_agg(t)::text as rows from ${table} t`);
    if (typeof row?.rows !== 'string') continue;
    const rows = row.rows.replaceAll("'", "''");
    statements.push(
      `delete from ${table}`,
      `insert into ${table} select * from json_populate_recordset(null::${table}, '${rows}')`,
    );
  }
  return statements.join('; ');
}

/** Copies a vault to an empty data folder and a store with nothing in it: creating keys takes many times as long. */
export async function copyVault(prepared: PreparedVault, settings: Settings): Promise<void> {
  const place = placeOf(settings);
  for (const [name, content] of prepared.files) {
    const isSeen = name.endsWith('.seen');
    writeFileSync(
      join(settings.home, isSeen ? name.replace(prepared.place.slice(0, 8), place.slice(0, 8)) : name),
      isSeen ? content.toString().replaceAll(prepared.place, place) : content,
      { mode: 0o600 },
    );
  }
  if (prepared.statement !== null && settings.databaseUrl !== null) {
    await inDatabase(settings.databaseUrl, prepared.statement);
  }
}
