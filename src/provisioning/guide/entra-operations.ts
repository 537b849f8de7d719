import { sources } from '../settings-sources.ts';
import { type GuideSection, steps } from './guide.ts';

export function logsSection(): GuideSection {
  return {
    id: 'check',
    title: 'Verify',
    steps: steps(
      {
        id: 'control-hub',
        text: 'Open Users in Control Hub. It lists the provisioned users, but does not show the synchronization itself.',
        where: { current: 'https://admin.webex.com › Users' },
        source: sources.ciscoEntra,
      },
      {
        id: 'provisioning-logs',
        text: 'Check the provisioning logs to see what each cycle did and what failed.',
        where: {
          current: 'Cisco Webex › Provisioning › Provisioning logs',
          older: 'Cisco Webex › Provisioning › Synchronization Details › View provisioning logs',
        },
        source: sources.microsoftTutorial,
      },
      {
        id: 'audit-logs',
        text: 'To see changes to settings and accounts, filter the audit log.',
        where: {
          current: 'Entra ID › Monitoring & health › Audit logs',
          older: 'Azure Active Directory › Activity › Audit logs',
        },
        fields: [
          { current: 'Service', value: { kind: 'choose', text: 'Account Provisioning' } },
          { current: 'Category', value: { kind: 'choose', text: 'UserManagement' } },
        ],
        source: sources.ciscoEntra,
      },
    ),
  };
}

export function operationsSection(): GuideSection {
  return {
    id: 'operations',
    title: 'Remove, delete and restore users',
    reference: true,
    steps: steps(
      {
        id: 'remove-assignment',
        text: 'To remove a user or group from the application, select them under Users and groups, then press Remove and Yes. Their account in Entra ID is kept.',
        where: {
          current: 'Enterprise apps › Cisco Webex › Users and groups',
          older: 'Enterprise applications › Cisco Webex › Users and groups',
        },
        result: 'The next cycle removes them from Webex.',
        source: sources.ciscoEntra,
      },
      {
        id: 'delete-user',
        text: 'To delete a user, select them under Users and press Delete user. They move to Deleted users, are renamed, and become inactive in Control Hub.',
        caution:
          'All their Webex tokens are revoked immediately. If this organization’s token belongs to them, get a new one with another account first.',
        source: sources.ciscoEntra,
      },
      {
        id: 'thirty-days',
        text: 'For 30 days you can restore them in Entra ID; Control Hub then activates them again under their previous address. After that, the deletion is permanent in both, and a user with the same address gets a new account.',
        source: sources.ciscoEntra,
      },
      {
        id: 'deleted-name',
        text: 'For eDiscovery of a deleted user, find their new User Principal Name in the audit log (category User Management or activity Delete user, then Target(s)). It starts with letters and digits that were added before the address.',
        source: sources.ciscoEntra,
      },
    ),
  };
}
