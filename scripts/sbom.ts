import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import './closed-output.ts';

/*
 * Prints the shipped dependencies in the lockfile as CycloneDX. `npm sbom` also lists development dependencies. Its
 * `--omit=dev` drops too much: it also leaves out shipped packages that a development dependency needs.
 */
interface Component {
  'bom-ref': string;
  name: string;
  properties?: { name: string; value: string }[];
}

interface Bom {
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const root = join(import.meta.dirname, '..');
const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
const out = execFileSync('npm', args, {
  cwd: root,
  maxBuffer: 64 << 20,
  shell: process.platform === 'win32',
});
const bom = JSON.parse(out.toString('utf8')) as Bom;
const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string };
// By default, it is the name of the directory.
bom.metadata.component.name = name;

const isForDevelopment = ({ properties = [] }: Component) =>
  properties.some((each) => each.name === 'cdx:npm:package:development' && each.value === 'true');
bom.components = bom.components.filter((component) => !isForDevelopment(component));
const kept = new Set([bom.metadata.component, ...bom.components].map((component) => component['bom-ref']));
bom.dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`);
