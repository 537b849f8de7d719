import type { Kysely } from 'kysely';
import * as rowIntegrity from './009-row-integrity.ts';
import * as auditSubject from './010-audit-subject.ts';
import * as maxExpiresIn from './011-max-expires-in.ts';
import * as reminders from './013-reminders.ts';

/** The migrations from before the first release that follow the one of the fixture. */
export const unreleasedMigrations: Record<string, { up: (db: Kysely<never>) => Promise<void> }> = {
  '009-row-integrity': rowIntegrity,
  '010-audit-subject': auditSubject,
  '011-max-expires-in': maxExpiresIn,
  '013-reminders': reminders,
};
