import type { Request, RequestHandler, Response } from 'express';
import { redirectUri } from '../../config/settings.ts';
import { signInById } from '../../store/access/sign-ins.ts';
import { listProfiles } from '../../store/profiles/profiles.ts';
import { capturePastedRedirect } from '../../vault/sign-in/capture-redirect.ts';
import { importToken } from '../../vault/sign-in/import-token.ts';
import { newSecret } from '../../vault/sign-in/secret-hashes.ts';
import { startSignIn } from '../../vault/sign-in/start-sign-in.ts';
import { verifyToken } from '../../vault/tokens/verify-token.ts';
import { actorOf, type WebContext } from '../context.ts';
import { fieldError } from '../forms/form-errors.ts';
import { readOrganizationForm } from '../forms/organization-form.ts';
import { field } from '../middleware/body.ts';
import { saveSession } from '../session/session.ts';
import type { ImportPage } from '../view-models/pages.ts';

/** `GET /import`: imports a pasted token, for sign-ins on another computer. */
export function importForm(context: WebContext): RequestHandler {
  return async (request, response) => {
    const name = typeof request.query.profile === 'string' ? request.query.profile.slice(0, 63) : '';
    await renderImport(
      context,
      request,
      response,
      { name, technicalName: '', deployment: 'commercial', orgId: '' },
      [],
    );
  };
}

/**
 * `POST /import/address`: starts a sign-in whose redirect is pasted, and shows the Webex address for it. The address can be
 * opened on any computer.
 */
export function importAddress(context: WebContext): RequestHandler {
  const { vault } = context;
  return async (request, response) => {
    const form = await readOrganizationForm(vault, request.body);
    const { values, profile, displayName, exists, orgId, errors } = form;
    if (errors.length === 0) {
      try {
        const binding = request.session.binding ?? newSecret();
        // An existing profile already has a deployment.
        const signIn = { profile, displayName, deployment: exists ? undefined : values.deployment, orgId };
        const { signInId, authorizeUrl } = await startSignIn(vault, signIn, binding);
        request.session.binding = binding;
        await saveSession(request);
        await renderImport(context, request, response, values, [], {
          signInId,
          organization: displayName ?? profile,
          authorizeUrl,
        });
        return;
      } catch (error) {
        errors.push(fieldError(error, ['name', 'orgId']));
      }
    }
    await renderImport(context, request, response, values, errors);
  };
}

/**
 * `POST /import`. The pasted text is never shown again, even if it is invalid. If the page showed a Webex address, only the
 * redirect of that sign-in is accepted: its `state` is checked.
 */
export function importPasted(context: WebContext): RequestHandler {
  const { vault, verifications } = context;
  return async (request, response) => {
    const form = await readOrganizationForm(vault, request.body);
    const { values, profile, displayName, exists, orgId, errors } = form;
    const text = field(request.body, 'text');
    const started = await startedSignIn(context, field(request.body, 'signIn'), profile);
    if (errors.length === 0) {
      try {
        const actor = actorOf(request);
        // An existing profile already has a deployment.
        const deployment = exists ? undefined : values.deployment;
        const tokenId =
          started === null
            ? await importToken(vault, { profile, displayName, deployment, orgId }, text, actor)
            : (await capturePastedRedirect(vault, text, request.session.binding ?? '', actor)).tokenId;
        void verifications.start(tokenId, () => verifyToken(vault, tokenId, actor));
        response.redirect(303, `/tokens/${tokenId}`);
        return;
      } catch (error) {
        errors.push(fieldError(error, ['name', 'orgId', 'text']));
      }
    }
    await renderImport(context, request, response, values, errors, started);
  };
}

/**
 * The sign-in whose address the page showed; null if it showed none. The sign-in may have ended since, and its address is
 * not stored.
 */
async function startedSignIn(
  { vault }: WebContext,
  signInId: string,
  profile: string,
): Promise<ImportPage['started']> {
  if (signInId === '') return null;
  const signIn = await signInById(vault.db, signInId);
  return {
    signInId,
    organization: signIn?.displayName ?? signIn?.profileName ?? profile,
    authorizeUrl: null,
  };
}

async function renderImport(
  { vault, render }: WebContext,
  request: Pick<Request, 'session'>,
  response: Response,
  values: ImportPage['values'],
  errors: ImportPage['errors'],
  started: ImportPage['started'] = null,
): Promise<void> {
  const profiles = (await listProfiles(vault.db)).slice(0, 100).map(({ profile }) => profile.name);
  render(
    request,
    response,
    'import',
    { values, errors, profiles, redirectUri: redirectUri(vault.settings), started },
    {
      title: `${errors.length > 0 ? 'Error: ' : ''}Import a token`,
      status: errors.length > 0 ? 422 : 200,
      at: 'import',
    },
  );
}
