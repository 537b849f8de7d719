import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { removeProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { actor, justCaptured, today } from '../support/vault/test-vault.ts';
import { type Served, served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

async function capture({ vault }: Served, filler: string): Promise<void> {
  const text = justCaptured(usualToken({ filler }));
  await verifyToken(vault, await importToken(vault, { profile: 'acme' }, text, actor), actor);
}

const replace = { way: 'token', task: 'replace', cloud: 'government' };

describe('the steps of a guide', () => {
  async function guide() {
    const web = await served();
    await capture(web, 'B');
    const person = await web.person();
    const page = async (query: Record<string, string> = {}) =>
      (await person.get('/profiles/acme/entra').query(query).expect(200)).text;
    const mark = (fields: Record<string, string>) =>
      person.post('/profiles/acme/entra/steps').type('form').send(fields).expect(303);
    return { web, person, page, mark };
  }

  it('are marked as done without a script, and the answers are kept', async () => {
    const { page, mark } = await guide();
    expect(await page(replace)).toMatch(/<strong>0 of \d+ steps done/);
    const { headers } = await mark({ ...replace, done: 'replace/save' });
    expect(headers.location).toMatch(
      /^\/profiles\/acme\/entra\?way=token&task=replace&.*cloud=government#step-replace-save$/,
    );
    const marked = await page(replace);
    expect(marked).toMatch(/<strong>1 of \d+ steps done/);
    expect(marked).toMatch(/id="step-replace-save" class="done"/);
    await mark({ ...replace, undone: 'replace/save' });
    expect(await page(replace)).toMatch(/<strong>0 of \d+ steps done/);
  });

  it('start again with each token for a replacement, and stay for the setup', async () => {
    const { web, mark } = await guide();
    const setUp = { way: 'token', task: 'set-up' };
    await mark({ ...replace, done: 'replace/save' });
    await mark({ ...setUp, done: 'prepare/roles' });
    web.vault.setNow(today + 300 * dayMs);
    await capture(web, 'C');
    const later = await web.person();
    const page = async (query: Record<string, string>) =>
      (await later.get('/profiles/acme/entra').query(query).expect(200)).text;
    expect(await page(replace)).toMatch(/<strong>0 of \d+ steps done/);
    expect(await page(setUp)).toMatch(/id="step-prepare-roles" class="done"/);
  });

  it('are not stored if the guide does not have them', async () => {
    const { web, mark } = await guide();
    for (const done of ['nope/nope', 'replace/save', '<script>']) {
      const { headers } = await mark({ way: 'token', task: 'set-up', done });
      expect(headers.location).toMatch(/#guide$/);
    }
    expect(await web.vault.db.selectFrom('guide_step').selectAll().execute()).toEqual([]);
  });

  it('are removed with the organization', async () => {
    const { web, mark } = await guide();
    await mark({ ...replace, done: 'replace/save' });
    await removeProfile(web.vault, 'acme', actor);
    expect(await web.vault.db.selectFrom('guide_step').selectAll().execute()).toEqual([]);
  });

  it('have nothing to mark if they are only read when needed', async () => {
    const { page } = await guide();
    const text = await page(replace);
    expect(text).toContain('id="step-operations-delete-user"');
    expect(text).not.toContain('value="operations/');
    expect(text).toMatch(/<a href="https:\/\/portal\.azure\.us" target="_blank"[^>]*>Entra ID</);
  });
});
