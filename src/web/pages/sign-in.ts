import type { Request, RequestHandler, Response } from 'express';
import type { WebContext } from '../context.ts';
import { invalidField } from '../forms/form-errors.ts';
import { readOrganizationForm } from '../forms/organization-form.ts';
import { field } from '../middleware/body.ts';
import type { SignInPage } from '../view-models/pages.ts';
import { startSignIn } from './start-sign-in.ts';

/** `GET /sign-in`: the form for a new organization. */
export function signInForm(context: WebContext): RequestHandler {
  return (request, response) => renderSignIn(context, request, response, {});
}

/** `POST /sign-in`: starts the sign-in. */
export function startNewSignIn(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { values, profile, displayName, exists, orgId, errors } = await readOrganizationForm(
      context.vault,
      request.body,
    );
    const fresh = field(request.body, 'fresh') !== '';
    if (exists) {
      errors.unshift(
        invalidField('name', `An organization named “${profile}” already exists.`, {
          text: 'Choose another name, or renew the token of that organization',
          link: { label: profile, path: `/profiles/${profile}` },
        }),
      );
    }
    if (errors.length > 0) {
      renderSignIn(context, request, response, { values: { ...values, fresh }, errors });
      return;
    }
    await startSignIn(context, request, response, {
      profile,
      displayName,
      deployment: values.deployment,
      orgId,
      freshSignIn: fresh,
    });
  };
}

export function renderSignIn(
  { render }: WebContext,
  request: Pick<Request, 'session'>,
  response: Response,
  page: Partial<SignInPage>,
): void {
  const values = { name: '', technicalName: '', deployment: 'commercial' as const, orgId: '', fresh: false };
  const data = { values, errors: [], first: false, ...page };
  render(request, response, 'sign-in', data, {
    title: `${data.errors.length > 0 ? 'Error: ' : ''}Add organization`,
    wide: true,
    status: data.errors.length > 0 ? 422 : 200,
    at: data.first ? 'overview' : 'sign-in',
  });
}
