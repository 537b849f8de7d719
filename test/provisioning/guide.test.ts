import { describe, expect, it } from 'vitest';
import { entraGuide } from '../../src/provisioning/guide/entra-guide.ts';
import type { Guide, GuideProfile } from '../../src/provisioning/guide/guide.ts';
import { oktaGuide } from '../../src/provisioning/guide/okta-guide.ts';
import { oktaAttributes } from '../../src/provisioning/guide/okta-operations.ts';

const profile: GuideProfile = {
  name: 'acme',
  deployment: 'commercial',
  orgId: '00000000-1111-4222-8333-444444444444',
  tenantUrl: 'https://api.ciscospark.com/v1/scim/00000000-1111-4222-8333-444444444444',
  relayUrl: 'https://tokens.acme.example/scim/acme',
  tokenEndpoint: 'https://tokens.acme.example/oauth/token',
  account: 'ada@acme.example',
  installedBefore: false,
  via: 'token',
  oktaOrgUrl: 'https://acme.okta.com',
};

const sectionIds = ({ sections }: Guide) => sections.map(({ id }) => id);
const stepIds = ({ sections }: Guide) => sections.flatMap(({ steps }) => steps.map(({ id }) => id));
const fields = ({ sections }: Guide) =>
  sections.flatMap(({ steps }) => steps.flatMap((step) => step.fields ?? []));
const every: [string, Guide][] = [
  ...['set-up', 'replace'].flatMap((task) =>
    ['global', 'government', 'china'].map((cloud): [string, Guide] => [
      `entra ${task} ${cloud}`,
      entraGuide(profile, { task, cloud, scope: 'all', userName: 'differs', attributes: 'more' }),
    ]),
  ),
  ...['set-up', 'replace'].map((task): [string, Guide] => [
    `okta ${task}`,
    oktaGuide(profile, { task, role: 'customer', who: 'groups' }),
  ]),
];

describe('the guides', () => {
  it('lead through a first setup of Entra ID in order', () => {
    expect(sectionIds(entraGuide(profile))).toEqual([
      'prepare',
      'add-app',
      'assign',
      'connect',
      'mappings',
      'start',
      'check',
      'operations',
    ]);
    const ids = stepIds(entraGuide(profile));
    expect(ids.indexOf('test-connection')).toBeLessThan(ids.indexOf('save'));
    expect(ids).toContain('thirty-days');
  });

  it('show only the steps that the person needs', () => {
    expect(sectionIds(entraGuide(profile, { app: 'there', scope: 'all' }))).not.toContain('add-app');
    expect(sectionIds(entraGuide(profile, { scope: 'all' }))).not.toContain('assign');
    expect(stepIds(entraGuide(profile))).not.toContain('user-name');
    expect(stepIds(entraGuide(profile, { userName: 'differs' }))).toContain('user-name');
    expect(stepIds(entraGuide(profile, { attributes: 'more' }))).toContain('add-mapping');
    expect(stepIds(entraGuide(profile, { cloud: 'government' }))).toContain('government-limit');
    expect(stepIds(oktaGuide(profile))).not.toContain('customer-admin');
    expect(stepIds(oktaGuide(profile, { role: 'customer' }))).toContain('customer-admin');
  });

  it('show how to replace a token after the first setup, and everything on request', () => {
    const again = { ...profile, installedBefore: true };
    expect(sectionIds(entraGuide(again))).toEqual(['replace', 'check', 'operations']);
    expect(entraGuide(again).questions.map(({ id }) => id)).toEqual(['way', 'task', 'cloud']);
    expect(sectionIds(entraGuide(again, { task: 'set-up', app: 'missing' }))).toContain('add-app');
    expect(sectionIds(oktaGuide(again))).toEqual(['connect', 'operations']);
  });

  it('lead with the relay, which needs no pasting, and say what it requires', () => {
    const guide = entraGuide({ ...profile, via: 'relay' });
    expect(guide.questions[0]).toMatchObject({ id: 'way' });
    expect(guide.answers.way).toBe('relay');
    expect(fields(guide)).toContainEqual({
      current: 'Tenant URL',
      value: { kind: 'copy', text: profile.relayUrl },
    });
    expect(stepIds(guide)).toContain('offer');
    expect(stepIds(guide)).not.toContain('tell');
    const { caution } = guide.sections.flatMap(({ steps }) => steps).find(({ id }) => id === 'address') ?? {};
    expect(caution).toMatch(/over https, with a certificate from a public CA[\s\S]*provisioning agent/);
    expect(stepIds(oktaGuide({ ...profile, via: 'relay' }))).toContain('offer');
  });

  it('show the token endpoint and the client credentials for Entra ID alone', () => {
    expect(fields(entraGuide(profile, { way: 'oauth' }))).toContainEqual({
      current: 'Token Endpoint',
      value: { kind: 'copy', text: profile.tokenEndpoint },
    });
    expect(oktaGuide(profile, { way: 'oauth' }).answers.way).toBe('token');
  });

  it('ignore invalid answers', () => {
    expect(entraGuide(profile, { task: '<script>', scope: ['all', 'assigned'] }).answers).toMatchObject({
      task: 'set-up',
      scope: 'assigned',
    });
  });

  it('contain the values of the profile, but not the token', () => {
    expect(fields(entraGuide(profile))).toContainEqual({
      current: 'Tenant URL',
      value: { kind: 'copy', text: profile.tenantUrl },
    });
    expect(fields(entraGuide(profile))).toContainEqual({
      current: 'Secret Token',
      value: { kind: 'secret-token' },
    });
    expect(fields(oktaGuide(profile))).toContainEqual({
      current: 'Organization ID',
      value: { kind: 'copy', text: profile.orgId },
    });
    expect(fields(oktaGuide(profile))).toContainEqual({
      current: 'API Token',
      value: { kind: 'secret-token' },
    });
    const unknown = entraGuide({ ...profile, orgId: null, tenantUrl: null });
    expect(fields(unknown).filter(({ value }) => value.kind === 'missing').length).toBeGreaterThan(0);
  });

  it('name what Webex supports in Okta, what to remove, and what rules it out', () => {
    const guide = JSON.stringify(oktaGuide(profile, { who: 'groups' }));
    for (const attribute of oktaAttributes) expect(guide).toContain(attribute);
    expect(guide).toMatch(/Directory Connector/);
    expect(guide).toMatch(/license template/);
    expect(guide).toMatch(/groups themselves are not synchronized/);
  });

  it.each(every)('name each step once, with a public source and older names: %s', (_, guide) => {
    const ids = stepIds(guide);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { steps } of guide.sections) {
      for (const { source, text } of steps) {
        expect(source.url).toMatch(/^https:\/\//);
        expect(text).toMatch(/[.:]$/);
      }
    }
    expect(guide.sources.length).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(guide))).toEqual(guide);
    const names = JSON.stringify(guide);
    expect(names).not.toMatch(/access_token|undefined/);
    if (guide.provider === 'entra') expect(names).toContain('Azure Active Directory');
  });
});

describe('the portals of a guide', () => {
  it('are those of the chosen Microsoft cloud', () => {
    expect(entraGuide(profile).portals['Entra ID']?.url).toBe('https://entra.microsoft.com');
    expect(entraGuide(profile, { cloud: 'government' }).portals['Entra ID']?.url).toBe(
      'https://portal.azure.us',
    );
    expect(entraGuide(profile, { cloud: 'china' }).portals['Entra ID']?.url).toBe('https://portal.azure.cn');
  });

  it.each([
    ['https://acme.okta.com', 'https://acme-admin.okta.com'],
    ['https://acme-admin.okta.com/', 'https://acme-admin.okta.com'],
    ['https://acme.oktapreview.com', 'https://acme-admin.oktapreview.com'],
    ['https://sign-in.acme.example', undefined],
    ['https://acme.okta.com.evil.example', undefined],
    [null, undefined],
  ])('include the Admin Console of %s only if its address is known', (oktaOrgUrl, expected) => {
    expect(oktaGuide({ ...profile, oktaOrgUrl }).portals.Applications?.url).toBe(expected);
  });
});
