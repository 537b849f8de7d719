import { describe, expect, it } from 'vitest';
import { syncSchema } from '../../src/provisioning/entra/graph/objects.ts';
import type { Finding } from '../../src/provisioning/entra/review/finding.ts';
import { reviewNotification, reviewSchema } from '../../src/provisioning/entra/review/review.ts';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import { defaultSchema, mapping } from '../../src/simulator/entra/default-schema.ts';
import {
  actor,
  notification,
  provisioning,
  provisioningVault,
} from '../support/provisioning/provisioning-vault.ts';

type Mapping = Record<string, unknown>;

/** The default schema with its user mappings changed. */
function schemaWith(change: (mappings: Mapping[]) => Mapping[]) {
  const schema = defaultSchema() as {
    synchronizationRules: { objectMappings: { attributeMappings: Mapping[] }[] }[];
  };
  const [object] = schema.synchronizationRules[0]?.objectMappings ?? [];
  if (object !== undefined) object.attributeMappings = change(object.attributeMappings);
  return syncSchema.parse(schema);
}

const replace = (target: string, source: string) => (mappings: Mapping[]) =>
  mappings.map((each) => (each.targetAttributeName === target ? mapping(target, source) : each));
const ids = (findings: Finding[]) => findings.map(({ id, level }) => `${level} ${id}`);

describe('reviewSchema and reviewNotification', () => {
  it('accept the default mappings with one note', () => {
    expect(ids(reviewSchema(syncSchema.parse(defaultSchema())))).toEqual(['note null-values']);
  });

  describe('reviewSchema, and userName', () => {
    it.each(['mail', 'userPrincipalName', 'ToLower([mail], )'])('accepts %s as the source', (source) => {
      expect(ids(reviewSchema(schemaWith(replace('userName', source))))).not.toContain(
        'problem user-name-source',
      );
    });
    it.each([
      ['mailNickname', 'problem user-name-source'],
      ['employeeId', 'problem user-name-source'],
      ['extensionAttribute7', 'warning user-name-source'],
      ['Join("@", [mailNickname], "acme.example")', 'problem user-name-source'],
    ])('reports the source %s as %s', (source, expected) => {
      const findings = reviewSchema(schemaWith(replace('userName', source)));
      expect(ids(findings)).toContain(expected);
      expect(findings.find(({ id }) => id === 'user-name-source')?.message).toMatch(
        /existing users are not matched/,
      );
    });
    it('reports a missing mapping', () => {
      const schema = schemaWith((mappings) =>
        mappings.filter(({ targetAttributeName }) => targetAttributeName !== 'userName'),
      );
      expect(ids(reviewSchema(schema)).slice(0, 2)).toEqual([
        'problem user-name-missing',
        'problem matching-attribute',
      ]);
    });
  });

  it('report attributes that Webex does not support, but none of the table of Cisco', () => {
    const findings = reviewSchema(
      schemaWith((mappings) => [
        ...mappings,
        mapping('title', 'jobTitle'),
        mapping('phonenumbers[type  eq "work"].value', 'telephoneNumber'),
        mapping('emails[type eq "other"].value', 'otherMails'),
        mapping('nickName', 'mailNickname'),
      ]),
    );
    const [finding] = findings.filter(({ id }) => id === 'attribute-not-taken');
    expect(finding?.message).toMatch(/emails\[type eq "other"\]\.value, nickName/);
    expect(finding?.message).not.toMatch(/title|phone/);
  });

  it('report active without a mapping, another matching attribute, groups, and no users', () => {
    const noActive = schemaWith((mappings) =>
      mappings.filter(({ targetAttributeName }) => targetAttributeName !== 'active'),
    );
    expect(ids(reviewSchema(noActive))).toContain('problem active-missing');

    const byExternalId = schemaWith((mappings) =>
      mappings.map((each) => ({
        ...each,
        matchingPriority: each.targetAttributeName === 'externalId' ? 1 : 0,
      })),
    );
    expect(reviewSchema(byExternalId)[0]?.message).toMatch(/matched by externalId/);

    const groups = defaultSchema() as { synchronizationRules: { objectMappings: object[] }[] };
    groups.synchronizationRules[0]?.objectMappings.push({
      enabled: true,
      sourceObjectName: 'Group',
      attributeMappings: [],
    });
    expect(ids(reviewSchema(syncSchema.parse(groups)))).toContain('note groups-mapped');
    expect(ids(reviewSchema(syncSchema.parse({})))).toEqual(['problem no-user-mapping']);
  });

  it('name a public source for each finding', () => {
    const findings = reviewSchema(
      schemaWith((mappings) => [...mappings.slice(2), mapping('nickName', 'mailNickname')]),
    );
    expect(findings.length).toBeGreaterThan(3);
    for (const { source } of findings)
      expect(source.url).toMatch(/^https:\/\/(help\.webex|learn\.microsoft)\.com\//);
  });

  it('report that no one is notified of a quarantine', () => {
    expect(reviewNotification([{ key: 'SyncNotificationSettings', value: notification }])).toEqual([]);
    for (const value of [
      '{"Enabled":false,"Recipients":"ops@acme.example"}',
      '{"Enabled":true}',
      'no JSON',
      null,
    ]) {
      expect(ids(reviewNotification([{ key: 'SyncNotificationSettings', value }]))).toEqual([
        'warning no-notification-mail',
      ]);
    }
  });
});

describe('the account that signed in to Webex', () => {
  async function findings(prepare: (world: Awaited<ReturnType<typeof provisioningVault>>) => void) {
    const world = await provisioningVault();
    provisioning(world, await world.storeToken());
    prepare(world);
    const report = await pushProfile('entra', world.vault, 'acme', actor, {}, world.context);
    return report.findings.filter(({ id }) => id.startsWith('account-'));
  }

  it('causes no finding if it is not in this directory or not assigned', async () => {
    expect(await findings(() => {})).toEqual([]);
    expect(
      await findings(({ simulator }) => simulator.entra.directory.addUser('ada.nakamura@acme.example')),
    ).toEqual([]);
  });

  it.each([
    ['User', /by assignment/],
    ['Group', /through an assigned group/],
  ] as const)(
    'is reported if it is assigned as %s, because its deactivation would revoke the token',
    async (principalType, how) => {
      const [finding] = await findings(({ simulator: { entra } }) => {
        const assignments = [{ resourceId: entra.app.id, principalType }];
        entra.directory.addUser('ada.nakamura@acme.example', { assignments });
      });
      expect(finding).toMatchObject({
        id: 'account-in-scope',
        level: 'problem',
        message: expect.stringMatching(how),
      });
      expect(finding?.message).toMatch(/revokes its tokens/);
    },
  );

  it('is reported if all users are in scope', async () => {
    const found = await findings(({ simulator: { entra } }) => {
      entra.app.secrets.set('SyncAll', 'true');
      entra.directory.addUser('ada.nakamura@acme.example');
    });
    expect(found).toMatchObject([{ id: 'account-in-scope' }]);
  });

  it('is reported as unknown without permission, and the push continues', async () => {
    const found = await findings(({ simulator: { entra } }) => {
      entra.client.permissions = ['Synchronization.ReadWrite.All', 'Application.Read.All'];
    });
    expect(found).toMatchObject([{ id: 'account-scope-unknown', level: 'note' }]);
  });
});
