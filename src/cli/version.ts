import { readProgramFile } from '../program-files.ts';

/** The version of this program, from package.json. */
export const version = (JSON.parse(readProgramFile('package.json')) as { version: string }).version;
