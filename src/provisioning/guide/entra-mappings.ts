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
    title: 'Look at the mappings',
    intro: 'The default mappings are enough to create users, and Cisco recommends to keep them.',
    steps: steps(
      {
        id: 'review',
        text: 'Open the mapping of users, and compare it with this list.',
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
          'userName has to be the attribute that users are matched by: Webex can be searched by no other.',
        source: sources.ciscoEntra,
      },
      userName === 'differs' && {
        id: 'user-name',
        text: 'Edit the mapping of userName: choose the attribute that holds the mail address, most often mail.',
        fields: [{ current: 'userName', value: { kind: 'choose', text: 'mail' } }],
        caution:
          'Webex knows people by their mail address. Where userName is another, they are created anew beside the accounts they have.',
        source: sources.ciscoEntra,
      },
      attributes === 'more' && {
        id: 'edit-list',
        text: 'Check "Show advanced options", click "Edit attribute list for CiscoWebEx", choose the attributes that you want, then Save and Yes.',
        where: open,
        source: sources.ciscoEntra,
      },
      attributes === 'more' && {
        id: 'add-mapping',
        text: 'For each one press "Add New Mapping", choose Direct as the type, then source and target from this list, and OK. At the end Save and Yes.',
        fields: additional.map(
          ({ target, source }): GuideField => ({ current: target, value: { kind: 'choose', text: source } }),
        ),
        caution: 'Webex takes no others. Pictures and rooms are not synchronized.',
        source: sources.ciscoEntra,
      },
      {
        id: 'null',
        text: 'Know that emptying an attribute in Entra ID leaves the old value in Webex; empty it in Control Hub as well.',
        source: sources.ciscoEntra,
      },
      {
        id: 'restore',
        text: 'If you lose your way, check "Restore default mappings" and save.',
        source: sources.ciscoEntra,
      },
    ),
  };
}

export function scopeSection({ account }: GuideProfile, { scope }: Record<string, string>): GuideSection {
  const who = account ?? 'The account that signed in to Webex';
  return {
    id: 'start',
    title: 'Start the first cycle',
    steps: steps(
      {
        id: 'scope',
        text: 'Choose whom it is about.',
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
        text: `${who} should not be among them: the token is that account’s. An administrator that lives in Webex only is best.`,
        caution:
          'When Entra ID deactivates an account, Webex revokes all its tokens, and provisioning stops for everybody.',
        source: sources.ciscoEntra,
      },
      scope === 'all' && {
        id: 'scoping-filter',
        text: 'To leave that account out, add a scoping filter to the mapping of users.',
        where: {
          current: 'Provisioning › Mappings › Provision Microsoft Entra ID Users › Source Object Scope',
          older: 'Provisioning › Mappings › Source Object Scope',
        },
        source: sources.microsoftTutorial,
      },
      {
        id: 'on',
        text: 'Switch provisioning on, and save.',
        fields: [{ current: 'Provisioning Status', value: { kind: 'choose', text: 'On' } }],
        result:
          'The first cycle begins. It takes longer than the later ones, which come about every 40 minutes for as long as provisioning is on.',
        source: sources.microsoftTutorial,
      },
    ),
  };
}
