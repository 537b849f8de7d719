import type { Migration, MigrationProvider } from 'kysely/migration';
import * as baseline from './001-baseline.ts';
import * as relayAndWorkloadIdentity from './002-relay-and-workload-identity.ts';
import * as relay from './003-relay.ts';
import * as activation from './004-activation.ts';
import * as undelivered from './005-undelivered.ts';
import * as reminderChannels from './006-reminder-channels.ts';
import * as tableOrders from './007-table-orders.ts';
import * as guideSteps from './008-guide-steps.ts';
import * as auditChains from './009-audit-chains.ts';
import * as searchIndex from './010-search-index-and-protected-limit.ts';
import * as moreTableOrders from './011-more-table-orders.ts';
import * as displayNames from './012-display-names.ts';
import * as foldedText from './013-folded-text.ts';

/** In the order of their names. A released migration never changes: another one follows it. */
const migrations: Record<string, Migration> = {
  '001-baseline': baseline,
  '002-relay-and-workload-identity': relayAndWorkloadIdentity,
  '003-relay': relay,
  '004-activation': activation,
  '005-undelivered': undelivered,
  '006-reminder-channels': reminderChannels,
  '007-table-orders': tableOrders,
  '008-guide-steps': guideSteps,
  '009-audit-chains': auditChains,
  '010-search-index-and-protected-limit': searchIndex,
  '011-more-table-orders': moreTableOrders,
  '012-display-names': displayNames,
  '013-folded-text': foldedText,
};

export const migrationProvider: MigrationProvider = {
  getMigrations: () => Promise.resolve(migrations),
};
