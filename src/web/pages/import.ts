import type { Request, RequestHandler, Response } from 'express';
import { redirectUri } from '../../config/settings.ts';
import { listProfiles } from '../../store/profiles/profiles.ts';
import { importToken } from '../../vault/sign-in/import-token.ts';
import { verifyToken } from '../../vault/tokens/verify-token.ts';
import { actorOf, type WebContext } from '../context.ts';
import { fieldError } from '../forms/form-errors.ts';
import { readOrganizationForm } from '../forms/organization-form.ts';
import { field } from '../middleware/body.ts';
import type { ImportPage } from '../view-models/pages.ts';

/** `GET /import`: imports a pasted token, for sign-ins on another computer. */
export function importForm(context: WebContext): RequestHandler {
  return async (request, response) => {
    const name = typeof request.query.profile === 'string' ? request.query.profile.slice(0, 63) : '';
    await renderImport(context, request, response, { name, deployment: 'commercial', orgId: '' }, []);
  };
}

/** `POST /import`. The pasted text is never shown again, even if it is invalid. */
export function importPasted(context: WebContext): RequestHandler {
  const { vault, verifications } = context;
  return async (request, response) => {
    const { values, profile, exists, orgId, errors } = await readOrganizationForm(vault, request.body);
    if (errors.length === 0) {
      try {
        // An existing profile already has a deployment.
        const deployment = exists ? undefined : values.deployment;
        const text = field(request.body, 'text');
        const actor = actorOf(request);
        const tokenId = await importToken(vault, { profile, deployment, orgId }, text, actor);
        void verifications.start(tokenId, () => verifyToken(vault, tokenId, actor));
        response.redirect(303, `/tokens/${tokenId}`);
        return;
      } catch (error) {
        errors.push(fieldError(error, ['name', 'orgId', 'text']));
      }
    }
    await renderImport(context, request, response, values, errors);
  };
}

async function renderImport(
  { vault, render }: WebContext,
  request: Pick<Request, 'session'>,
  response: Response,
  values: ImportPage['values'],
  errors: ImportPage['errors'],
): Promise<void> {
  const profiles = (await listProfiles(vault.db)).slice(0, 100).map(({ profile }) => profile.name);
  render(
    request,
    response,
    'import',
    { values, errors, profiles, redirectUri: redirectUri(vault.settings) },
    {
      title: `${errors.length > 0 ? 'Error: ' : ''}Import a token`,
      status: errors.length > 0 ? 422 : 200,
      at: 'import',
    },
  );
}
