/**
 * The section of one version in the changelog, without its heading. Throws if there is none, or if it has no date or names
 * no change.
 */
export function changelogSection(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((each) => each.split(/[\s(]/, 1)[0] === version);
  if (section === undefined) throw new Error(`CHANGELOG.md has no section for ${version}`);
  const [heading = '', ...lines] = section.split('\n');
  const [, date] = /\((\d{4}-\d{2}-\d{2})\)$/.exec(heading.trim()) ?? [];
  if (date === undefined) throw new Error(`CHANGELOG.md: the section "${heading.trim()}" has no date`);
  const text = lines.join('\n').trim();
  if (!/^- /m.test(text)) throw new Error(`CHANGELOG.md: the section "${heading.trim()}" names no change`);
  return text;
}
