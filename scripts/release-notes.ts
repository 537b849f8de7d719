import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changelogSection } from './changelog.ts';
import './closed-output.ts';

/*
 * Prints the notes of a release: the section of the changelog for the version of the tag. Fails if the tag, package.json and
 * the changelog do not name the same version.
 *
 *   node scripts/release-notes.ts vX.Y.Z
 */
const root = join(import.meta.dirname, '..');
const [tag = ''] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
if (tag !== `v${version}`) throw new Error(`the tag is ${tag}, and package.json has the version ${version}`);
process.stdout.write(`${changelogSection(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version)}\n`);
