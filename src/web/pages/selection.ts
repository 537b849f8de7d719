import type { Request, RequestHandler, Response } from 'express';
import { parseContact, parseTags } from '../../domain/tags.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { profilesByName } from '../../store/profiles/profiles.ts';
import { profileCsvHeader, profileCsvLine } from '../../vault/profiles/profile-csv.ts';
import { startCampaignOf } from '../../vault/profiles/renewal-campaign.ts';
import { changeTagsAndContact, type TagsAndContactChange } from '../../vault/profiles/tags-and-contact.ts';
import { actorOf, type WebContext } from '../context.ts';
import { field, fields } from '../middleware/body.ts';
import { setFlash } from '../session/flash.ts';
import { plural } from '../view-models/dates.ts';
import { startTests } from './tests.ts';

/** More than a page of the table has. */
const maxSelected = 200;

type Action = (
  context: WebContext,
  request: Request,
  response: Response,
  names: string[],
) => void | Promise<void>;

const actions: Record<string, Action> = {
  test: startTests,
  renew: async ({ vault }, request, response, names) => {
    await startCampaignOf(vault, names, actorOf(request));
    response.redirect(303, '/renewals');
  },
  export: async ({ vault }, _request, response, names) => {
    const profiles = [...(await profilesByName(vault.db, names)).values()];
    const lines = profiles.sort((a, b) => (a.name < b.name ? -1 : 1)).map(profileCsvLine);
    response
      .type('text/csv')
      .attachment('organizations.csv')
      .send(profileCsvHeader + lines.join(''));
  },
  'add-tag': async (context, request, response, names) => {
    await change(context, request, response, names, { addTags: enteredTags(request) });
  },
  'remove-tag': async (context, request, response, names) => {
    await change(context, request, response, names, { removeTags: enteredTags(request) });
  },
  'set-contact': async (context, request, response, names) => {
    const text = field(request.body, 'contact').trim();
    await change(context, request, response, names, { contact: text === '' ? null : parseContact(text) });
  },
};

/** `POST /selection`: does something with the organizations that are selected in the table. */
export function selection(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { body } = request;
    const action = Object.hasOwn(actions, field(body, 'action')) ? actions[field(body, 'action')] : undefined;
    if (action === undefined) throw new BrokerError('E_USAGE', 'The page does not know this action.');
    // A checkbox selects the whole page, whose names are in one field because there is no script.
    const all = field(body, 'all') === '' ? [] : field(body, 'shown').split(' ');
    const names = [...new Set([...all, ...fields(body, 'profiles')])].filter((name) => name !== '');
    if (names.length === 0 || names.length > maxSelected) {
      throw new BrokerError(
        'E_USAGE',
        names.length === 0 ? 'No organization is selected.' : `Select at most ${maxSelected} organizations.`,
        { help: 'Go back, and select organizations in the first column of the table.' },
      );
    }
    await action(context, request, response, names);
  };
}

function enteredTags(request: Request): string[] {
  const tags = parseTags(field(request.body, 'tag'));
  if (tags.length === 0) throw new BrokerError('E_TAG', 'Enter a tag.', { help: 'For example: emea' });
  return tags;
}

async function change(
  { vault }: WebContext,
  request: Request,
  response: Response,
  names: string[],
  changes: TagsAndContactChange,
): Promise<void> {
  const count = await changeTagsAndContact(vault, names, changes, actorOf(request));
  setFlash(request, count === 0 ? 'Nothing had to be changed.' : `Changed ${plural(count, 'organization')}.`);
  response.redirect(303, `/?${new URLSearchParams(field(request.body, 'query').slice(0, 2_000))}`);
}
