import type { Migration, MigrationProvider } from 'kysely/migration';
import * as vault from './001-vault.ts';
import * as expiry from './002-expiry.ts';
import * as clients from './003-clients.ts';
import * as handoff from './004-destinations.ts';
import * as partners from './005-tags-and-renewals.ts';
import * as keys from './006-keys.ts';
import * as attentionDays from './007-due-counts.ts';
import * as looks from './008-provisioning-status.ts';
import * as rowIntegrity from './009-row-integrity.ts';
import * as auditSubject from './010-audit-subject.ts';
import * as maxExpiresIn from './011-max-expires-in.ts';
import * as reminders from './013-reminders.ts';

/** In order of their names. What has been released is never changed, only followed by another. */
const migrations: Record<string, Migration> = {
  '001-vault': vault,
  '002-expiry': expiry,
  '003-clients': clients,
  '004-handoff': handoff,
  '005-partners': partners,
  '006-keys': keys,
  '007-attention-days': attentionDays,
  '008-looks': looks,
  '009-row-integrity': rowIntegrity,
  '010-audit-subject': auditSubject,
  '011-max-expires-in': maxExpiresIn,
  '013-reminders': reminders,
};

export const migrationProvider: MigrationProvider = {
  getMigrations: () => Promise.resolve(migrations),
};
