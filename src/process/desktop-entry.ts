import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Desktop entries (freedesktop.org, Desktop Entry Specification): how Linux desktops start a program.
 */

/** The command of a desktop entry such as `firefox-esr.desktop`: its `Exec`, split. Null if there is none. */
export function desktopEntryCommand(id: string, environment: NodeJS.ProcessEnv): string[] | null {
  for (const folder of applicationFolders(environment)) {
    // The ID of a file in a subfolder contains its path: kde4/konqueror.desktop is kde4-konqueror.desktop.
    for (const name of [id, id.replace('-', '/')]) {
      const text = read(join(folder, name));
      const command = text === null ? null : execOf(text);
      if (command !== null) return command;
    }
  }
  return null;
}

function applicationFolders({ HOME, XDG_DATA_HOME, XDG_DATA_DIRS }: NodeJS.ProcessEnv): string[] {
  const own = XDG_DATA_HOME || (HOME ? join(HOME, '.local/share') : null);
  const shared = (XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(':').filter((each) => each !== '');
  const folders = [
    ...(own === null ? [] : [own, join(own, 'flatpak/exports/share')]),
    ...shared,
    // For sessions that do not set the variables, as over SSH or from a service manager.
    ...['/usr/local/share', '/usr/share', '/var/lib/flatpak/exports/share', '/var/lib/snapd/desktop'],
  ];
  return [...new Set(folders)].map((folder) => join(folder, 'applications'));
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function execOf(text: string): string[] | null {
  let group = '';
  for (const line of text.split(/\r?\n/)) {
    group = /^\[(.*)\]\s*$/.exec(line)?.[1] ?? group;
    const [, value] = /^Exec\s*=\s*(.*)$/.exec(line) ?? [];
    if (group === 'Desktop Entry' && value !== undefined) return splitExec(value);
  }
  return null;
}

/** The words of a command without the placeholders for files and addresses (`%u`, and flatpak's `@@u %u @@`). Null if it is malformed. */
function splitExec(value: string): string[] | null {
  // First the escapes of every value, then those of Exec within quotes.
  const text = value.replace(/\\([snrt\\])/g, (_, letter: string) => escapes[letter] ?? letter);
  const words: string[] = [];
  const word = /\s*(?:"((?:[^"\\`$]|\\.)*)"|([^\s"]+))(?=\s|$)/gy;
  while (word.lastIndex < text.trimEnd().length) {
    const match = word.exec(text);
    if (match === null) return null;
    words.push(match[1] === undefined ? (match[2] ?? '') : match[1].replace(/\\(.)/g, '$1'));
  }
  return words.filter((each) => !/^(%[a-zA-Z]|@@u?)$/.test(each)).map((each) => each.replaceAll('%%', '%'));
}

const escapes: Record<string, string> = { s: ' ', n: '\n', r: '\r', t: '\t', '\\': '\\' };
