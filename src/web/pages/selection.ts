import type { Request, RequestHandler, Response } from 'express';
import { type Profile, profileTitle } from '../../domain/profile.ts';
import { profileStatuses } from '../../domain/profile-status.ts';
import { parseContact, parseTags } from '../../domain/tags.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { ProfileFilter } from '../../store/profiles/filter.ts';
import { profilesByName } from '../../store/profiles/profiles.ts';
import { iterateProfiles } from '../../store/profiles/query.ts';
import { formatCount, plural } from '../../text/count.ts';
import type { Vault } from '../../vault/context.ts';
import { profileCsvHeader, profileCsvLine } from '../../vault/profiles/profile-csv.ts';
import { startCampaignOf } from '../../vault/profiles/renewal-campaign.ts';
import { changeTagsAndContact, type TagsAndContactChange } from '../../vault/profiles/tags-and-contact.ts';
import { actorOf, type WebContext } from '../context.ts';
import { field, fields } from '../middleware/body.ts';
import { setFlash } from '../session/flash.ts';
import type { SelectionPage } from '../view-models/pages.ts';
import { startTests } from './tests.ts';

/** More than one page of the table contains. */
const maxSelected = 200;

/** How many organizations a filter may find for an action on all of them. */
const maxMatching = 10_000;

/** How many organizations are changed in one transaction. */
const batch = 500;

/** How many names the page that asks for confirmation lists. */
const maxListed = 10;

interface Action {
  run(context: WebContext, request: Request, response: Response, names: string[]): void | Promise<void>;
  /** The label of the action on the confirmation page. Throws if the entered values are invalid. */
  label(request: Request): string;
  max: number;
  /** If the action removes or replaces what people entered: whether this organization loses something by it. */
  loses?(request: Request): (profile: Profile) => boolean;
  /** What such an organization has, for the confirmation page. */
  lost?(request: Request): string;
}

const actions: Record<string, Action> = {
  test: { run: startTests, label: () => 'Test the tokens of', max: 500 },
  renew: {
    run: async ({ vault }, request, response, names) => {
      await startCampaignOf(vault, names, actorOf(request));
      response.redirect(303, '/renewals');
    },
    label: () => 'Renew the tokens of',
    max: maxMatching,
  },
  export: {
    run: async ({ vault }, _request, response, names) => {
      const profiles = [...(await profilesByName(vault.db, names)).values()];
      const lines = profiles.sort((a, b) => (a.name < b.name ? -1 : 1)).map(profileCsvLine);
      response
        .type('text/csv')
        .attachment('organizations.csv')
        .send(profileCsvHeader + lines.join(''));
    },
    label: () => 'Export',
    max: maxMatching,
  },
  'add-tag': {
    run: async (context, request, response, names) => {
      await change(context, request, response, names, { addTags: enteredTags(request) });
    },
    label: (request) => `Add the tag ${enteredTags(request).join(', ')} to`,
    max: maxMatching,
  },
  'remove-tag': {
    run: async (context, request, response, names) => {
      await change(context, request, response, names, { removeTags: enteredTags(request) });
    },
    label: (request) => `Remove the tag ${enteredTags(request).join(', ')} from`,
    max: maxMatching,
    loses: (request) => {
      const removed = enteredTags(request);
      return ({ tags }) => tags.some((tag) => removed.includes(tag));
    },
    lost: () => 'this tag',
  },
  'set-contact': {
    run: async (context, request, response, names) => {
      await change(context, request, response, names, { contact: enteredContact(request) });
    },
    label: (request) => {
      const contact = enteredContact(request);
      return contact === null ? 'Remove the contact of' : `Set the contact ${contact} for`;
    },
    max: maxMatching,
    loses: (request) => {
      const entered = enteredContact(request);
      return ({ contact }) => contact !== null && contact !== entered;
    },
    lost: (request) => (enteredContact(request) === null ? 'a contact' : 'another contact'),
  },
};

/**
 * `POST /selection`: runs an action on the organizations selected in the table, or on all that its filter finds. A page first
 * asks for confirmation if the filter selects them, or if an organization would lose its contact or tag.
 */
export function selection(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { body } = request;
    const action = Object.hasOwn(actions, field(body, 'action')) ? actions[field(body, 'action')] : undefined;
    if (action === undefined) throw new BrokerError('E_USAGE', 'This action does not exist.');
    const loses = action.loses?.(request) ?? (() => false);
    const scopes = fields(body, 'all');
    if (scopes.includes('matching')) {
      const filter = filterOf(field(body, 'query'));
      const found = await matching(context.vault, filter, action.max, loses);
      if (found.names.length > action.max) {
        throw new BrokerError(
          'E_USAGE',
          `This action works on at most ${formatCount(action.max)} organizations at a time.`,
          { help: 'Go back, and narrow the search.' },
        );
      }
      if (found.names.length === 0) throw new BrokerError('E_USAGE', 'No organization is selected.');
      const { search = null, tag = null, status = null } = filter;
      await runConfirmed(context, request, response, action, found, {
        filter: { search, tag, status },
        kept: { all: 'matching' },
      });
      return;
    }
    // A checkbox selects the whole page. Because it works without JavaScript, one field lists the names on the page.
    const all = scopes.includes('page') ? field(body, 'shown').split(' ') : [];
    const names = [...new Set([...all, ...fields(body, 'profiles')])].filter((name) => name !== '');
    if (names.length === 0 || names.length > maxSelected) {
      throw new BrokerError(
        'E_USAGE',
        names.length === 0 ? 'No organization is selected.' : `Select at most ${maxSelected} organizations.`,
        { help: 'Go back, and select organizations in the first column of the table.' },
      );
    }
    const profiles = [...(await profilesByName(context.vault.db, names)).values()];
    const losing = profiles.filter(loses).length;
    if (losing === 0) {
      await action.run(context, request, response, names);
      return;
    }
    const titles = profiles.slice(0, maxListed).map(profileTitle);
    await runConfirmed(
      context,
      request,
      response,
      action,
      { names, titles, losing },
      { filter: null, kept: { all: 'page', shown: names.join(' ') } },
    );
  };
}

/** Runs an action if the confirmation page showed this number of organizations; otherwise shows that page. */
async function runConfirmed(
  context: WebContext,
  request: Request,
  response: Response,
  action: Action,
  { names, titles, losing }: Selected,
  { filter, kept }: Pick<SelectionPage, 'filter' | 'kept'>,
): Promise<void> {
  const { body } = request;
  const total = names.length;
  const label = `${action.label(request)} ${plural(total, 'organization')}`;
  const confirmed = field(body, 'confirmed');
  // The filter may find other organizations than when the number was shown.
  if (confirmed === String(total)) {
    await action.run(context, request, response, names);
    return;
  }
  const entered = Object.fromEntries(
    ['action', 'tag', 'contact', 'query'].map((name) => [name, field(body, name).slice(0, 2_000)]),
  );
  context.render(
    request,
    response,
    'selection',
    {
      label,
      filter,
      titles,
      more: total - titles.length,
      loss: losing === 0 || action.lost === undefined ? null : { count: losing, what: action.lost(request) },
      kept: { ...entered, ...kept, confirmed: String(total) },
      hasChanged: confirmed !== '',
      backUrl: `/?${new URLSearchParams(entered.query)}`,
    },
    { title: label, at: 'overview' },
  );
}

function filterOf(query: string): ProfileFilter {
  const parameters = new URLSearchParams(query.slice(0, 2_000));
  const asked = (name: string) => parameters.get(name)?.slice(0, 500) || undefined;
  return {
    search: asked('search'),
    tag: asked('tag'),
    status: profileStatuses.find((each) => each === asked('status')),
  };
}

interface Selected {
  names: string[];
  /** The first of them, as people know them. */
  titles: string[];
  /** How many of them lose something by the action. */
  losing: number;
}

/** The profiles that a filter finds. Stops reading when there are more than `max`. */
async function matching(
  { db, now }: Vault,
  filter: ProfileFilter,
  max: number,
  loses: (profile: Profile) => boolean,
): Promise<Selected> {
  const found: Selected = { names: [], titles: [], losing: 0 };
  for await (const rows of iterateProfiles(db, filter, now())) {
    for (const { profile } of rows) {
      found.names.push(profile.name);
      if (found.titles.length < maxListed) found.titles.push(profileTitle(profile));
      if (loses(profile)) found.losing += 1;
    }
    if (found.names.length > max) break;
  }
  return found;
}

function enteredTags(request: Request): string[] {
  const tags = parseTags(field(request.body, 'tag'));
  if (tags.length === 0) throw new BrokerError('E_TAG', 'Enter a tag.', { help: 'For example: emea' });
  return tags;
}

function enteredContact(request: Request): string | null {
  const text = field(request.body, 'contact').trim();
  return text === '' ? null : parseContact(text);
}

async function change(
  { vault }: WebContext,
  request: Request,
  response: Response,
  names: string[],
  changes: TagsAndContactChange,
): Promise<void> {
  let count = 0;
  for (let at = 0; at < names.length; at += batch)
    count += await changeTagsAndContact(vault, names.slice(at, at + batch), changes, actorOf(request));
  setFlash(request, count === 0 ? 'Nothing had to be changed.' : `Changed ${plural(count, 'organization')}.`);
  response.redirect(303, `/?${new URLSearchParams(field(request.body, 'query').slice(0, 2_000))}`);
}
