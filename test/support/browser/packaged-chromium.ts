import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import packaged from '@sparticuz/chromium';

const modules = join(import.meta.dirname, '../../../node_modules');

/**
 * The path of the Chromium from npm, unpacked once for this clone. By itself, the package unpacks it into the folder for temporary
 * files, and takes whatever is there already: the copy of another user, or one that another run is still writing.
 */
export async function packagedChromium(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(modules, '@sparticuz/chromium/package.json'), 'utf8')) as {
    version: string;
  };
  const folder = join(modules, `.cache/webex-token-chromium-${version}`);
  if (!existsSync(folder)) await unpackInto(folder);
  return join(folder, 'chromium');
}

/** The folder appears whole or not at all, also if two runs unpack at the same time. */
async function unpackInto(folder: string): Promise<void> {
  mkdirSync(join(folder, '..'), { recursive: true });
  const unfinished = mkdtempSync(`${folder}-`);
  try {
    await unpack(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

async function unpack(folder: string): Promise<void> {
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  let unpacked: Promise<string>;
  try {
    // It reads the variable before it returns.
    unpacked = packaged.executablePath();
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
  await unpacked;
}
