import { afterEach, describe, expect, it, vi } from 'vitest';
import { SignInServer, signIn } from '../../src/cli/sign-in/sign-in.ts';
import { captureRedirect } from '../../src/vault/sign-in/capture-redirect.ts';
import { startFromLink } from '../../src/vault/sign-in/start-sign-in.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { simulated } from '../support/test-simulator.ts';
import { actor, fragment, newVault } from '../support/vault/test-vault.ts';

const notes: string[] = [];
vi.mock(import('../../src/cli/terminal/terminal.ts'), async (original) => ({
  ...(await original()),
  note: (text) => void notes.push(text),
}));

afterEach(() => vi.restoreAllMocks());

describe('signIn', () => {
  it('waits as long as before if the clock is set while someone signs in', async () => {
    const webex = await simulated();
    const vault = await newVault(webex);
    const server = new SignInServer(vault);
    vi.spyOn(server, 'start').mockResolvedValue({ port: 3000 });
    const options = { open: false, timeout: 60, approve: false };
    const waiting = signIn(vault, { profile: 'acme' }, actor, server, new Promise(() => {}), options);
    await vi.waitFor(() => expect(notes.join()).toContain('/sign-in/'), 10_000);
    const [, link = ''] = /\/sign-in\/([\w-]+)/.exec(notes.join()) ?? [];

    const set = Date.now() + 86_400_000;
    vi.spyOn(Date, 'now').mockReturnValue(set);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { authorizeUrl } = await startFromLink(vault, link, 'this browser');
    const { accessToken } = webex.issueToken('full-admin');
    const state = new URL(authorizeUrl).searchParams.get('state');
    const answer = fragment({ access_token: accessToken, state });
    const { tokenId } = await captureRedirect(vault, answer, 'this browser', actor);
    await verifyToken(vault, tokenId, actor);
    expect(await waiting).toMatchObject({ outcome: 'current' });
  });
});
