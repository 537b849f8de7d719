import { sources } from '../settings-sources.ts';
import { type GuideSection, steps } from './guide.ts';

export function logsSection(): GuideSection {
  return {
    id: 'check',
    title: 'See that it works',
    steps: steps(
      {
        id: 'control-hub',
        text: 'Open Users in Control Hub: the people who were provisioned are there. Control Hub itself shows nothing of the synchronization.',
        where: { current: 'https://admin.webex.com › Users' },
        source: sources.ciscoEntra,
      },
      {
        id: 'provisioning-logs',
        text: 'Look into the log of the cycles for what was done for whom, and what failed.',
        where: {
          current: 'Cisco Webex › Provisioning › Provisioning logs',
          older: 'Cisco Webex › Provisioning › Synchronization Details › View provisioning logs',
        },
        source: sources.microsoftTutorial,
      },
      {
        id: 'audit-logs',
        text: 'For the changes of settings and accounts, filter the audit log.',
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
    id: 'later',
    title: 'Later: take people out, delete, recover',
    steps: steps(
      {
        id: 'remove-assignment',
        text: 'To take the application from somebody, or from a group: choose them under Users and groups, then Remove, and Yes. Their account in Entra ID stays.',
        where: {
          current: 'Enterprise apps › Cisco Webex › Users and groups',
          older: 'Enterprise applications › Cisco Webex › Users and groups',
        },
        result: 'At the next cycle they are taken out of Webex.',
        source: sources.ciscoEntra,
      },
      {
        id: 'delete-user',
        text: 'To delete somebody: check them under Users and press Delete user. They move to Deleted users, are renamed, and in Control Hub become inactive.',
        caution:
          'All their Webex tokens are revoked at once. If this profile’s token is theirs, get a new one from another account first.',
        source: sources.ciscoEntra,
      },
      {
        id: 'thirty-days',
        text: 'For 30 days they can be recovered in Entra ID: Control Hub then makes them active again under their old address. After that the deletion is final in both; the same address added again is a new account.',
        source: sources.ciscoEntra,
      },
      {
        id: 'deleted-name',
        text: 'For eDiscovery of somebody deleted, take the new User Principal Name, which has letters and digits before the @, out of the audit log: category User Management or activity Delete user, then Target(s).',
        source: sources.ciscoEntra,
      },
    ),
  };
}
