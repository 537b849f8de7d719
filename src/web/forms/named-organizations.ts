import { isNamed, isProfileName, profileLabel, suggestProfileName } from '../../domain/profile.ts';
import { profilesByDisplayName, profilesByName } from '../../store/profiles/profiles.ts';
import { queryProfiles } from '../../store/profiles/query.ts';
import { plural } from '../../text/count.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { Vault } from '../../vault/context.ts';
import type { FieldError } from '../view-models/pages.ts';
import { invalidField } from './form-errors.ts';

/** How many names one statement looks up. */
const batch = 500;

/** How many organizations an error suggests. */
const maxSuggested = 3;

/** The technical names of the organizations that a person listed, and what is wrong with the list. */
export interface NamedOrganizations {
  names: string[];
  errors: FieldError[];
}

/**
 * Finds organizations by technical name or display name, one per line or separated by commas or semicolons; technical names
 * may also be separated by spaces. A whole line is tried first, because a display name may contain a comma.
 */
export async function namedOrganizations(
  vault: Vault,
  lines: readonly string[],
  field: string,
): Promise<NamedOrganizations> {
  const texts = lines.map((line) => ({ line, parts: partsOf(line) }));
  const candidates = texts.flatMap(({ line, parts }) => [line, ...parts, ...parts.flatMap(wordsOf)]);
  const find = await finder(vault, [...new Set(candidates)]);
  const names: string[] = [];
  for (const { line, parts } of texts) {
    const whole = find(line);
    const found =
      whole.length > 0 ? [{ text: line, matches: whole }] : parts.flatMap((part) => split(part, find));
    for (const { text, matches } of found) {
      const [name, ...others] = matches;
      if (name === undefined) return { names, errors: [await notFound(vault, text, field)] };
      if (others.length > 0) {
        const message = `${plural(matches.length, 'organization')} are named “${sanitizeForDisplay(text, 80)}”.`;
        const help = `Enter the technical name of one: ${matches.slice(0, 10).join(', ')}.`;
        return { names, errors: [invalidField(field, message, help)] };
      }
      names.push(name);
    }
  }
  return { names: [...new Set(names)], errors: [] };
}

type Find = (text: string) => string[];

/** One entry, or several technical names that are separated by spaces. */
function split(part: string, find: Find): { text: string; matches: string[] }[] {
  const matches = find(part);
  const words = wordsOf(part);
  // A name with a space that is not found is named as a whole, unless one of its words is a technical name.
  const areNames = matches.length === 0 && words.some((word) => isProfileName(word) && find(word).length > 0);
  return areNames ? words.map((text) => ({ text, matches: find(text) })) : [{ text: part, matches }];
}

/** Technical names by technical name, by display name, and by the display name from which one was derived. */
async function finder({ db }: Vault, texts: readonly string[]): Promise<Find> {
  const byName = new Map<string, { displayName: string | null }>();
  const byTitle = new Map<string, string[]>();
  for (let at = 0; at < texts.length; at += batch) {
    const some = texts.slice(at, at + batch);
    const technical = new Set([...some.filter(isProfileName), ...some.map(suggestProfileName)]);
    for (const [name, profile] of await profilesByName(db, [...technical])) byName.set(name, profile);
    for (const { name, displayName } of await profilesByDisplayName(db, some)) {
      const title = displayName ?? name;
      byTitle.set(title, [...(byTitle.get(title) ?? []), name]);
    }
  }
  return (text) => {
    if (byName.has(text)) return [text];
    const titled = byTitle.get(text);
    if (titled !== undefined) return titled;
    const derived = suggestProfileName(text);
    const profile = byName.get(derived);
    return profile !== undefined && isNamed(profile, text) ? [derived] : [];
  };
}

async function notFound({ db, now }: Vault, text: string, field: string): Promise<FieldError> {
  const shown = sanitizeForDisplay(text, 80);
  const search = shown.includes('[hidden]') ? '' : shown;
  const { rows } =
    search === ''
      ? { rows: [] }
      : await queryProfiles(db, { search, sort: 'name', limit: maxSuggested, now: now() });
  const similar = rows.map(({ profile }) => profileLabel(profile)).join(', ');
  return invalidField(
    field,
    `No organization is named “${shown}”.`,
    similar === ''
      ? 'Enter one name in each line. The overview shows the technical name below the name.'
      : `Similar names: ${similar}.`,
  );
}

function partsOf(line: string): string[] {
  return separated(line, /[,;]/);
}

function wordsOf(text: string): string[] {
  return separated(text, /\s/);
}

/** The parts of a text between these separators, without spaces around them, except empty ones. */
export function separated(text: string, by: RegExp): string[] {
  return text
    .split(by)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
