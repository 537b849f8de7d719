import { dirname } from 'node:path';

/** The folder of package.json. This file is one folder below it, as source and when built. */
export const packageRoot = dirname(import.meta.dirname);
