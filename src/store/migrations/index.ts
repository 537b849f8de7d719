import type { Migration, MigrationProvider } from 'kysely/migration';
import * as baseline from './001-baseline.ts';
import * as relayAndWorkloadIdentity from './002-relay-and-workload-identity.ts';
import * as relay from './003-relay.ts';
import * as activation from './006-activation.ts';
import * as undelivered from './007-undelivered.ts';
import * as reminderChannels from './008-reminder-channels.ts';
import * as tableOrders from './009-table-orders.ts';
import * as guideSteps from './010-guide-steps.ts';

/** In the order of their names. A released migration never changes: another one follows it. */
const migrations: Record<string, Migration> = {
  '001-baseline': baseline,
  '002-relay-and-workload-identity': relayAndWorkloadIdentity,
  '003-relay': relay,
  '006-activation': activation,
  '007-undelivered': undelivered,
  '008-reminder-channels': reminderChannels,
  '009-table-orders': tableOrders,
  '010-guide-steps': guideSteps,
};

export const migrationProvider: MigrationProvider = {
  getMigrations: () => Promise.resolve(migrations),
};
