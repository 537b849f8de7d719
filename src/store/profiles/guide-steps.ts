import type { ProviderId } from '../../domain/providers.ts';
import type { Db } from '../db.ts';

/** A step of the guide for a provider, by its name within the guide. */
export interface GuideStepKey {
  profileId: string;
  provider: ProviderId;
  step: string;
}

/** When each step was marked as done, by its name. Epoch milliseconds. */
export async function guideStepsDone(
  db: Db,
  profileId: string,
  provider: ProviderId,
): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('guide_step')
    .select(['step', 'done_at'])
    .where('profile_id', '=', profileId)
    .where('provider', '=', provider)
    .execute();
  return new Map(rows.map(({ step, done_at }) => [step, done_at]));
}

/** Marks a step as done. `now`: epoch milliseconds. */
export async function markGuideStep(
  db: Db,
  { profileId, provider, step }: GuideStepKey,
  now: number,
): Promise<void> {
  await db
    .insertInto('guide_step')
    .values({ profile_id: profileId, provider, step, done_at: now })
    .onConflict((conflict) =>
      conflict.columns(['profile_id', 'provider', 'step']).doUpdateSet({ done_at: now }),
    )
    .execute();
}

export async function unmarkGuideStep(db: Db, { profileId, provider, step }: GuideStepKey): Promise<void> {
  await db
    .deleteFrom('guide_step')
    .where('profile_id', '=', profileId)
    .where('provider', '=', provider)
    .where('step', '=', step)
    .execute();
}
