import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  matchesAudience,
  matchesSubject,
  parseWorkloadIdentity,
  type WorkloadIdentity,
} from '../../src/domain/workload-identity.ts';

const github: WorkloadIdentity = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'repo:acme/provisioning:ref:refs/heads/main',
  audience: 'webex-token',
  anyScope: false,
};

function errorOf(changes: Partial<WorkloadIdentity>) {
  try {
    return parseWorkloadIdentity({ ...github, ...changes });
  } catch (error) {
    return error;
  }
}

describe('parseWorkloadIdentity', () => {
  it.each([
    'https://token.actions.githubusercontent.com',
    'https://gitlab.example.com:8443',
    'https://login.microsoftonline.com/ce5f061f-abe6-4e40-9615-301f87bcb7f0/v2.0',
    'https://acme.eu.auth0.com/',
    'https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF',
    'http://localhost:4000',
    'http://127.0.0.1:4000/issuer',
  ])('accepts the issuer %s unchanged', (issuer) => {
    expect(parseWorkloadIdentity({ ...github, issuer })).toMatchObject({ issuer });
  });

  it.each([
    ['', /not the URL/],
    ['token.actions.githubusercontent.com', /not the URL/],
    ['http://token.actions.githubusercontent.com', /https/],
    ['http://localhost.example.com', /https/],
    ['ftp://token.actions.githubusercontent.com', /https/],
    ['file:///etc/passwd', /not the URL/],
    ['https://acme@token.actions.githubusercontent.com', /user name/],
    ['https://token.actions.githubusercontent.com?tenant=1', /query/],
    ['https://token.actions.githubusercontent.com?', /query/],
    ['https://token.actions.githubusercontent.com#x', /fragment/],
    ['https://token.actions.githubusercontent.com/.well-known/openid-configuration', /document/],
    ['HTTPS://Token.Actions.Githubusercontent.com', /usual form/],
    ['https://gitlab.example.com:443', /usual form/],
    ['https://gitlab.example.com/a/../b', /usual form/],
    ['https://gitlab.example.com\\@evil.example', /usual form/],
    ['https://login.microsoftonline.com/common/v2.0', /shared by all tenants/],
    [`https://gitlab.example.com/${'x'.repeat(500)}`, /not the URL/],
  ])('refuses the issuer %s', (issuer, message) => {
    expect(errorOf({ issuer })).toMatchObject({
      code: 'E_CLIENT_ISSUER',
      message: expect.stringMatching(message),
    });
  });

  it('explains the format of an issuer', () => {
    expect(errorOf({ issuer: 'https://GitLab.example.com' })).toMatchObject({
      help: 'Enter it as https://gitlab.example.com',
    });
    expect(
      errorOf({ issuer: 'https://gitlab.example.com/group/.well-known/openid-configuration' }),
    ).toMatchObject({ help: 'Enter the issuer itself: https://gitlab.example.com/group' });
  });

  it.each([
    ['', /empty/],
    ['  ', /empty/],
    ['*', /every JWT/],
    ['*:*', /every JWT/],
    ['repo:acme/**', /contains \*\*/],
    ['repo:acme/x\u200b', /invisible/],
    ['repo:acme\u0000', /invisible/],
    ['x'.repeat(501), /too long/],
    ['repo:*/provisioning:ref:refs/heads/main', /name the owner/],
    ['repo:acme*/provisioning:ref:refs/heads/main', /name the owner/],
    ['*:acme/provisioning:ref:refs/heads/main', /name the owner/],
  ])('refuses the subject %j', (subject, message) => {
    expect(errorOf({ subject })).toMatchObject({
      code: 'E_CLIENT_SUBJECT',
      message: expect.stringMatching(message),
    });
  });

  it('accepts a * after the owner, and anywhere for an issuer of one organization', () => {
    const subject = 'repo:acme/*:ref:refs/heads/main';
    expect(errorOf({ subject })).toEqual({ ...github, subject });
    const issuer = 'https://gitlab.example.com';
    expect(errorOf({ issuer, subject: 'project_path:*/*:ref_type:branch:ref:main' })).toMatchObject({
      subject: 'project_path:*/*:ref_type:branch:ref:main',
    });
  });

  it.each(['', 'webex-*', 'a\nb', 'api://', 'api:///.default'])('refuses the audience %j', (audience) => {
    expect(errorOf({ audience })).toMatchObject({ code: 'E_CLIENT_AUDIENCE' });
  });

  it('removes white space around what was pasted', () => {
    const { issuer, subject, audience } = github;
    const pasted = {
      issuer: ` ${issuer}\n`,
      subject: `${subject}\t`,
      audience: ` ${audience}`,
      anyScope: true,
    };
    expect(parseWorkloadIdentity(pasted)).toEqual({ ...github, anyScope: true });
  });
});

describe('matchesSubject', () => {
  it.each([
    ['repo:acme/provisioning:ref:refs/heads/main', 'repo:acme/provisioning:ref:refs/heads/main', true],
    ['repo:acme/provisioning:ref:refs/heads/main', 'repo:acme/provisioning:ref:refs/heads/main ', false],
    ['repo:acme/provisioning:ref:refs/heads/main', 'repo:Acme/provisioning:ref:refs/heads/main', false],
    ['repo:acme/*:ref:refs/heads/main', 'repo:acme/x:ref:refs/heads/main', true],
    ['repo:acme/*:ref:refs/heads/main', 'repo:acme/x/y:ref:refs/heads/main', false],
    ['repo:acme/*:ref:refs/heads/main', 'repo:acme/x:ref:refs/heads/x:ref:refs/heads/main', false],
    ['repo:acme/*:ref:refs/heads/*', 'repo:acme/x:ref:refs/heads/feature/y', false],
    ['repo:acme/*', 'repo:acme:x', false],
    ['repo:acme/web-*-api:*', 'repo:acme/web-blue-api:pull_request', true],
    ['repo:acme/web-*-api:*', 'repo:acme/web-api:pull_request', false],
    ['system:serviceaccount:prod:*', 'system:serviceaccount:prod:hr-sync', true],
    ['system:serviceaccount:prod:*', 'system:serviceaccount:prod-2:hr-sync', false],
    ['system:serviceaccount:prod:a.c', 'system:serviceaccount:prod:abc', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ab*', 'xabab', true],
    ['*ab*ab*', 'xab', false],
    // "e" with an accent, composed and decomposed: no Unicode folding.
    ['repo:acm\u00e9/x', 'repo:acme\u0301/x', false],
    ['repo:acme/*', `repo:acme/${'x'.repeat(600)}`, false],
  ])('compares %s with %s: %s', (registered, sub, matches) => {
    expect(matchesSubject(registered, sub)).toBe(matches);
  });

  /** Text with many separators and `*`. */
  const text = (characters: string) =>
    fc.array(fc.constantFrom(...characters), { maxLength: 14 }).map((each) => each.join(''));

  it('agrees with a regular expression in which * crosses neither : nor /', () => {
    fc.assert(
      fc.property(text('ab*:/'), text('ab:/'), (registered, sub) => {
        const expression = new RegExp(`^${registered.replaceAll('*', '[^:/]*')}$`);
        expect(matchesSubject(registered, sub)).toBe(expression.test(sub));
      }),
      { numRuns: 5_000 },
    );
  });

  it('matches what a * was replaced with, unless that has a separator', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ maxLength: 50 }), fc.string(), (before, middle, after) => {
        fc.pre(!`${before}${after}`.includes('*'));
        const crosses = /[:/]/.test(middle);
        expect(matchesSubject(`${before}*${after}`, `${before}${middle}${after}`)).toBe(!crosses);
      }),
    );
  });

  it('takes no longer for a subject that is designed to take long', () => {
    const { user } = process.threadCpuUsage();
    for (let round = 0; round < 100; round += 1) matchesSubject('*a'.repeat(240), 'a'.repeat(499));
    // Microseconds of processor time, which does not depend on the load of the machine.
    expect(process.threadCpuUsage().user - user).toBeLessThan(1_000_000);
  });
});

describe('matchesAudience', () => {
  const id = 'b5ba7a93-4452-4522-aeb4-a2b5da870c16';

  it.each([
    ['webex-token', ['webex-token'], true],
    ['webex-token', ['other', 'webex-token'], true],
    ['webex-token', [], false],
    ['webex-token', ['webex-token '], false],
    ['webex-token', ['Webex-Token'], false],
    ['webex-token', ['webex-token/.default/.default'], false],
    // For another service that has a similar name.
    ['webex-token', ['api://webex-token'], false],
    ['webex-token', ['webex-token/.default'], false],
    ['api://webex-token', ['webex-token'], false],
    ['api://webex-token/.default', ['api://webex-token'], true],
    ['api://webex-token', ['api://webex-token/.default'], true],
    [`${id}/.default`, [id], true],
    [`api://${id}/.default`, [`api://${id}`], true],
    [`api://${id}/.default`, [id], true],
    [`api://${id}`, [`api://${id}/.default`], true],
    [id, [`api://${id}`], true],
    [id, [`API://${id}`], false],
    [`https://${id}`, [id], false],
  ])('compares %s with %j: %s', (registered, audiences, matches) => {
    expect(matchesAudience(registered, audiences)).toBe(matches);
  });

  it('distinguishes all audiences that are not in a form of Entra ID', () => {
    const plain = fc.string().filter((each) => !/^api:\/\/|\/\.default$/.test(each));
    fc.assert(
      fc.property(plain, plain, (registered, audience) => {
        expect(matchesAudience(registered, [audience])).toBe(registered === audience);
      }),
    );
  });
});
