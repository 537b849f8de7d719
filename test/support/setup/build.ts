import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** The tests run what is shipped: the commands and the pages' scripts as `npm run build` makes them. */
export default function build(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../../scripts/build.ts')], {
    stdio: 'inherit',
  });
}
