import { documentedMappings } from '../entra/documented-mappings.ts';
import { sources } from '../settings-sources.ts';
import { type GuideField, type GuideProfile, type GuideSection, steps } from './guide.ts';

export function mappingsSection({ userName, attributes }: Record<string, string>): GuideSection {
  const additional = documentedMappings.filter(({ byDefault }) => !byDefault);
  const open = {
    current: 'Provisioning › Mappings › Provision Microsoft Entra ID Users',
    older: 'Provisioning › Mappings › Synchronize Azure Active Directory Users to Cisco Webex',
  };
  return {
    id: 'mappings',
    title: 'Review the mappings',
    intro: 'The default mappings are enough to create users, and Cisco recommends keeping them.',
    steps: steps(
      {
        id: 'review',
        text: 'Open the user mapping and compare it with this list.',
        where: open,
        fields: documentedMappings
          .filter(({ byDefault }) => byDefault)
          .map(
            ({ target, source }): GuideField => ({
              current: target,
              value: { kind: 'choose', text: source },
            }),
          ),
        caution:
          'userName has to be the matching attribute, because Webex cannot search for users by any other attribute.',
        source: sources.ciscoEntra,
      },
      userName === 'differs' && {
        id: 'user-name',
        text: 'Edit the mapping of userName. Choose the attribute that contains the email address, usually mail.',
        fields: [{ current: 'userName', value: { kind: 'choose', text: 'mail' } }],
        caution:
          'Webex identifies users by email address. With any other userName, duplicate accounts are created.',
        source: sources.ciscoEntra,
      },
      attributes === 'more' && {
        id: 'edit-list',
        text: 'Check "Show advanced options", click "Edit attribute list for CiscoWebEx", add the attributes that you want, then press Save and Yes.',
        where: open,
        source: sources.ciscoEntra,
      },
      attributes === 'more' && {
        id: 'add-mapping',
        text: 'For each attribute, press "Add New Mapping", choose the type Direct, then source and target from this list, and press OK. Finally press Save and Yes.',
        fields: additional.map(
          ({ target, source }): GuideField => ({ current: target, value: { kind: 'choose', text: source } }),
        ),
        caution: 'Webex supports no other attributes. Pictures and rooms are not synchronized.',
        source: sources.ciscoEntra,
      },
      {
        id: 'null',
        text: 'Note: clearing an attribute in Entra ID does not clear it in Webex. Clear it in Control Hub as well.',
        source: sources.ciscoEntra,
      },
      {
        id: 'restore',
        text: 'To start over, check "Restore default mappings" and save.',
        source: sources.ciscoEntra,
      },
    ),
  };
}

export function scopeSection({ account }: GuideProfile, { scope }: Record<string, string>): GuideSection {
  const who = account ?? 'the account that signed in to Webex';
  return {
    id: 'start',
    title: 'Start the first cycle',
    steps: steps(
      {
        id: 'scope',
        text: 'Set the scope.',
        where: { current: 'Provisioning › Settings', older: 'Provisioning › Settings' },
        fields: [
          {
            current: 'Scope',
            value: {
              kind: 'choose',
              text: scope === 'all' ? 'Sync all users and groups' : 'Sync only assigned users and groups',
            },
          },
        ],
        source: sources.ciscoEntra,
      },
      {
        id: 'account-outside',
        text: `Keep ${who} out of the scope, because the token belongs to that account. Preferably use an administrator account that your directory does not manage.`,
        caution:
          'If Entra ID ever deactivates the account, Webex revokes its tokens and provisioning stops for everyone.',
        source: sources.ciscoEntra,
      },
      scope === 'all' && {
        id: 'scoping-filter',
        text: 'To exclude that account, add a scoping filter to the user mapping.',
        where: {
          current: 'Provisioning › Mappings › Provision Microsoft Entra ID Users › Source Object Scope',
          older: 'Provisioning › Mappings › Source Object Scope',
        },
        source: sources.microsoftTutorial,
      },
      {
        id: 'on',
        text: 'Turn provisioning on, and save.',
        fields: [{ current: 'Provisioning Status', value: { kind: 'choose', text: 'On' } }],
        result:
          'The first cycle starts. It takes longer than later ones, which run about every 40 minutes while provisioning is on.',
        source: sources.microsoftTutorial,
      },
    ),
  };
}
