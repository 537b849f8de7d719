import type { Request, RequestHandler, Response } from 'express';
import { profileTitle } from '../../domain/profile.ts';
import { tokenStatus } from '../../domain/profile-status.ts';
import { parseContact, parseTags } from '../../domain/tags.ts';
import { tokensOf } from '../../store/profiles/tokens.ts';
import { relayClientsOf } from '../../vault/clients/clients.ts';
import {
  changeDisplayName,
  removeProfile,
  renameProfile,
  requireProfile,
} from '../../vault/profiles/profiles.ts';
import { changeTagsAndContact } from '../../vault/profiles/tags-and-contact.ts';
import { actorOf, type WebContext } from '../context.ts';
import { fieldError } from '../forms/form-errors.ts';
import { field } from '../middleware/body.ts';
import { setFlash, takeFlash } from '../session/flash.ts';
import type { FieldError, ProfilePage } from '../view-models/pages.ts';
import { profileView } from '../view-models/profile-view.ts';
import { startSignIn } from './start-sign-in.ts';

type ByName = RequestHandler<{ name: string }>;

/** `GET /profiles/:name` */
export function profilePage(context: WebContext): ByName {
  return async (request, response) => {
    await renderProfile(context, request, response, request.params.name);
  };
}

/** `POST /profiles/:name/sign-in`: renewing is signing in again for the same profile. */
export function renew(context: WebContext): ByName {
  return async (request, response) => {
    const { name } = await requireProfile(context.vault, request.params.name);
    const freshSignIn = field(request.body, 'fresh') !== '';
    await startSignIn(context, request, response, { profile: name, freshSignIn });
  };
}

/** `POST /profiles/:name/rename` */
export function rename(context: WebContext): ByName {
  return async (request, response) => {
    const { name } = request.params;
    const newName = field(request.body, 'name').trim();
    try {
      await renameProfile(context.vault, name, newName, actorOf(request));
    } catch (error) {
      const errors = [fieldError(error, ['name'])];
      await renderProfile(context, request, response, name, errors, { newName: newName.slice(0, 200) });
      return;
    }
    const clients = await relayClientsOf(context.vault, newName);
    const relay =
      clients.length === 0
        ? ''
        : ` The address of its SCIM relay has changed. Enter the new address wherever ${clients.join(', ')} is used.`;
    setFlash(request, `Renamed “${name}” to “${newName}”.${relay}`);
    response.redirect(303, `/profiles/${newName}`);
  };
}

/** `POST /profiles/:name/display-name`: the name that pages and mails show. */
export function saveDisplayName(context: WebContext): ByName {
  return async (request, response) => {
    const { name } = request.params;
    const text = field(request.body, 'displayName').slice(0, 300);
    try {
      await changeDisplayName(context.vault, name, text, actorOf(request));
    } catch (error) {
      const errors = [{ ...fieldError(error, ['name']), field: 'displayName' }];
      await renderProfile(context, request, response, name, errors, { newDisplayName: text });
      return;
    }
    setFlash(request, 'Display name saved.');
    response.redirect(303, `/profiles/${name}`);
  };
}

/** `POST /profiles/:name/tags-and-contact`: an empty field removes the tags or the contact. */
export function saveTagsAndContact(context: WebContext): ByName {
  return async (request, response) => {
    const { name } = request.params;
    const values = {
      tag: field(request.body, 'tag').trim().slice(0, 2_000),
      contact: field(request.body, 'contact').trim().slice(0, 300),
    };
    const errors: FieldError[] = [];
    const parsed = <Value>(parse: () => Value, otherwise: Value): Value => {
      try {
        return parse();
      } catch (error) {
        errors.push(fieldError(error, ['tag', 'contact']));
        return otherwise;
      }
    };
    const tags = parsed(() => parseTags(values.tag), []);
    const contact = values.contact === '' ? null : parsed(() => parseContact(values.contact), null);
    if (errors.length > 0) {
      await renderProfile(context, request, response, name, errors, { values });
      return;
    }
    await changeTagsAndContact(context.vault, [name], { tags, contact }, actorOf(request));
    setFlash(request, 'Tags and contact saved.');
    response.redirect(303, `/profiles/${name}`);
  };
}

/** `GET /profiles/:name/remove`: explains what removing does and does not do. */
export function removePage({ vault, render }: WebContext): ByName {
  return async (request, response) => {
    const profile = await requireProfile(vault, request.params.name);
    const tokens = await tokensOf(vault.db, profile.id);
    const { idbroker } = vault.settings.webex[profile.deployment];
    render(
      request,
      response,
      'remove',
      {
        profile: profile.name,
        organization: profileTitle(profile),
        tokens: tokens.length,
        // Webex already rejects the others, or they have expired.
        accepted: tokens.filter((token) => ['valid', 'expiring'].includes(tokenStatus(token, vault.now())))
          .length,
        tokensUrl: `${idbroker}/profile#/tokens`,
      },
      { title: `Remove ${profileTitle(profile)}?` },
    );
  };
}

/** `POST /profiles/:name/remove` */
export function remove({ vault }: WebContext): ByName {
  return async (request, response) => {
    const { name } = request.params;
    await removeProfile(vault, name, actorOf(request));
    setFlash(request, `Removed “${name}” and its tokens from this computer.`);
    response.redirect(303, '/');
  };
}

async function renderProfile(
  { vault, render }: WebContext,
  request: Pick<Request, 'session'>,
  response: Response,
  name: string,
  errors: FieldError[] = [],
  entered: Partial<Pick<ProfilePage, 'newName' | 'newDisplayName' | 'values'>> = {},
): Promise<void> {
  const view = await profileView(vault, name);
  render(
    request,
    response,
    'profile',
    {
      ...view,
      notice: takeFlash(request),
      errors,
      newName: name,
      values: { tag: view.tags.join(', '), contact: view.contact ?? '' },
      ...entered,
    },
    {
      wide: true,
      title: `${errors.length > 0 ? 'Error: ' : ''}${view.title}`,
      status: errors.length > 0 ? 422 : 200,
    },
  );
}
