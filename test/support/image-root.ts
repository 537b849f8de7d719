import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageStage, readLastStage } from '../../scripts/containerfile.ts';
import { selfSigned } from './self-signed.ts';

const root = join(import.meta.dirname, '../..');

/** Why no separate root can be set up here; empty if it can. */
export function reasonWithoutRoot(): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return ' (skipped: it takes root on Linux)';
  const { status } = spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
  return status === 0 ? '' : ' (skipped: this machine allows no mount namespace)';
}

export interface ImageRoot {
  folder: string;
  /** Mounted at /data. */
  data: string;
  stage: ImageStage;
  /** A command that runs as in a container: read-only, with the image's user and environment, and two volumes. */
  command(environment: NodeJS.Dict<string>, args: readonly string[]): string[];
}

/** Assembles the image's files in a folder. The API listens on the port in place of 8443. */
export function assembleImage(folder: string, port: number): ImageRoot {
  execFileSync(process.execPath, [join(root, 'scripts/image-root.ts'), join(folder, 'root')], {
    stdio: 'pipe',
  });
  const text = readFileSync(join(root, 'deploy/Containerfile'), 'utf8').replaceAll('8443', String(port));
  const stage = readLastStage(text);
  const [user = 0, group = 0] = stage.user.split(':').map(Number);
  const data = join(folder, 'data');
  const tls = join(folder, 'tls');
  mkdirSync(data, { mode: 0o700 });
  mkdirSync(tls, { mode: 0o700 });
  const { certificate, privateKey } = selfSigned('localhost');
  writeFileSync(join(tls, 'tls.crt'), certificate);
  writeFileSync(join(tls, 'tls.key'), privateKey, { mode: 0o400 });
  for (const path of [data, tls, join(tls, 'tls.crt'), join(tls, 'tls.key')]) chownSync(path, user, group);
  const script = `set -e
root=$1; data=$2; tls=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$data" "$root/data"
mount --bind "$tls" "$root/tls"
mount -o remount,bind,ro "$root/tls"
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"`;
  return {
    folder: join(folder, 'root'),
    data,
    stage,
    command: (environment, args) => [
      'unshare',
      '--mount',
      'sh',
      '-c',
      script,
      'sh',
      join(folder, 'root'),
      data,
      tls,
      ...Object.entries({ ...stage.environment, ...environment }).map(([name, value]) => `${name}=${value}`),
      'chroot',
      `--userspec=${stage.user}`,
      '--groups=',
      join(folder, 'root'),
      ...args,
    ],
  };
}
