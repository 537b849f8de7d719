import type { Profile } from '../../domain/profile.ts';
import { checkTagCount } from '../../domain/tags.ts';
import { appendAudits } from '../../store/audit/audit.ts';
import { profilesByName, setTagsAndContact } from '../../store/profiles/profiles.ts';
import type { Actor, StoreContext } from '../context.ts';
import { noSuchProfile } from './profiles.ts';

/** The changes. Absent members change nothing. `tags` replaces all tags of a profile. */
export interface TagsAndContactChange {
  tags?: string[];
  addTags?: string[];
  removeTags?: string[];
  /** Null removes the contact. */
  contact?: string | null;
}

/**
 * Changes the tags and contact of up to a few hundred profiles: either of all of them or of none. Returns how many profiles
 * were changed. Throws `E_NO_PROFILE`, and `E_TAG` if a profile would have too many tags.
 */
export async function changeTagsAndContact(
  { db, now }: StoreContext,
  names: readonly string[],
  change: TagsAndContactChange,
  actor: Actor,
): Promise<number> {
  return await db.transaction().execute(async (trx) => {
    const known = await profilesByName(trx, names);
    const changed: string[] = [];
    for (const name of new Set(names)) {
      const profile = known.get(name);
      if (profile === undefined) throw noSuchProfile(name);
      const tags = tagsAfter(profile, change);
      const contact = change.contact === undefined ? profile.contact : change.contact;
      if (tags.join() === profile.tags.join() && contact === profile.contact) continue;
      checkTagCount(tags);
      await setTagsAndContact(trx, profile.id, { tags, contact });
      changed.push(name);
    }
    await appendAudits(
      trx,
      now(),
      changed.map((profile) => ({ action: 'update', outcome: 'ok', profile, ...actor })),
    );
    return changed.length;
  });
}

function tagsAfter(
  profile: Profile,
  { tags = profile.tags, addTags = [], removeTags = [] }: TagsAndContactChange,
): string[] {
  return [...new Set([...tags, ...addTags])].filter((tag) => !removeTags.includes(tag)).sort();
}
