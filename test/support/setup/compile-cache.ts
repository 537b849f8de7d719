import { join } from 'node:path';

/** Where processes of tests keep compiled code: otherwise, loading the program takes half of the time of a short process. */
export const compileCache = join(import.meta.dirname, '../../../node_modules/.cache/webex-token-compiled');
