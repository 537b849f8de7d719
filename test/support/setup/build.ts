import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Each project calls this, in one process, but with separate modules. */
const done = Symbol.for('webex-token-broker was built');

/** The tests run what is shipped: the commands and the pages' scripts as `npm run build` makes them, once for all projects. */
export default function build(): void {
  if (Reflect.get(globalThis, done)) return;
  execFileSync(process.execPath, [join(import.meta.dirname, '../../../scripts/build.ts')], {
    stdio: 'inherit',
  });
  Reflect.set(globalThis, done, true);
}
