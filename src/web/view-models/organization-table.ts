import { profileTitle } from '../../domain/profile.ts';
import { summarize } from '../../domain/profile-summary.ts';
import { destinationLabels } from '../../provisioning/destinations.ts';
import { type TableOrder, type TablePage, type TableQuery, tableOrders } from '../../store/profiles/query.ts';
import type { Vault } from '../../vault/context.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import { type ExpiryView, expiryView } from './expiry-view.ts';

export type TableColumn = Exclude<TableOrder, 'name'>;

/** The columns that a person can choose; the name is always shown. */
export const tableColumns = tableOrders.filter((each): each is TableColumn => each !== 'name');

const titles: Record<'name' | TableColumn, string> = {
  name: 'Name',
  status: 'Status',
  days: 'Days left',
  account: 'Account',
  tags: 'Tags',
  contact: 'Contact',
  destinations: 'Destinations',
  organization: 'Organization',
};

export interface TableRow {
  profile: string;
  title: string;
  expiry: ExpiryView;
  daysLeft: number | null;
  account: string | null;
  tags: string[];
  contact: string | null;
  destinations: string;
  orgId: string | null;
  deploymentTitle: string;
}

/** One page of the table of organizations. */
export interface OrganizationTable {
  columns: {
    id: 'name' | TableColumn;
    title: string;
    sortUrl: string;
    sorted: 'ascending' | 'descending' | null;
  }[];
  choices: { id: TableColumn; title: string; shown: boolean }[];
  rows: TableRow[];
  page: number;
  pages: number;
  total: number;
  /** The number of the first row, from 1. */
  first: number;
  /** The first, the last and the nearest pages; a page without a URL is the current one, and null a gap. */
  links: ({ page: number; url: string | null } | null)[];
  /** The fields of the page's URL, for its forms. */
  kept: Record<string, string>;
  exportUrl: string;
  /** The query of the page's URL, to return to it. */
  query: string;
}

/** The query of the page as its URL has it, for the links to other orders and pages. */
export type TableUrlFields = Pick<TableQuery, 'search' | 'tag' | 'status' | 'order' | 'descending'>;

const defaultOrder: TableOrder = 'status';

/** Parses the sort order from a URL: a column, with a minus sign for descending order. */
export function parseTableOrder(text: string | undefined): Pick<TableQuery, 'order' | 'descending'> {
  const order = tableOrders.find((each) => each === text?.replace(/^-/, ''));
  return { order: order ?? defaultOrder, descending: order !== undefined && text?.startsWith('-') === true };
}

export async function organizationTable(
  vault: Vault,
  found: TablePage,
  shown: TableColumn[],
  fields: TableUrlFields & { pageSize: number },
): Promise<OrganizationTable> {
  const { page, pages, total } = found;
  const destinations = await destinationLabels(
    vault,
    found.rows.map(({ profile }) => profile.id),
  );
  const { search = '', tag = '', status = '' } = fields;
  const filter = present({ search, tag, status });
  const sort = `${fields.descending ? '-' : ''}${fields.order}`;
  const kept = present({ ...filter, sort: sort === defaultOrder ? '' : sort });
  const url = (changes: Record<string, string>) => urlOf('/', { ...kept, ...changes });
  const columns = (['name', ...shown] as const).map((id) => {
    const isSorted = id === fields.order;
    const next = isSorted && !fields.descending ? `-${id}` : id;
    return {
      id,
      title: titles[id],
      sortUrl: url({ sort: next }),
      sorted: isSorted ? (fields.descending ? ('descending' as const) : ('ascending' as const)) : null,
    };
  });
  return {
    columns,
    choices: tableColumns.map((id) => ({ id, title: titles[id], shown: shown.includes(id) })),
    rows: found.rows.map((row) => rowOf(vault, row, destinations)),
    page,
    pages,
    total,
    first: (page - 1) * fields.pageSize + 1,
    links: pageNumbers(page, pages).map((number) => {
      if (number === null) return null;
      return { page: number, url: number === page ? null : url({ page: number === 1 ? '' : `${number}` }) };
    }),
    kept,
    exportUrl: urlOf('/organizations.csv', filter),
    query: urlOf('', { ...kept, page: page === 1 ? '' : `${page}` }).slice(1),
  };
}

function rowOf(
  { settings, now }: Vault,
  { profile, current }: TablePage['rows'][number],
  destinations: ReadonlyMap<string, string>,
): TableRow {
  const summary = summarize(profile, current, settings.webex[profile.deployment], now());
  return {
    profile: profile.name,
    title: profileTitle(profile),
    expiry: expiryView(summary.status, summary, now()),
    daysLeft: summary.daysLeft,
    account: summary.account,
    tags: profile.tags,
    contact: profile.contact,
    destinations: destinations.get(profile.name) ?? '',
    orgId: profile.orgId,
    deploymentTitle: deploymentTitles[profile.deployment],
  };
}

/** The first page, the last page, and two pages on each side of the current one. Null marks a gap. */
function pageNumbers(page: number, pages: number): (number | null)[] {
  const near = Array.from({ length: 5 }, (_, at) => page - 2 + at);
  const numbers = [...new Set([1, ...near, pages])].filter((each) => each >= 1 && each <= pages);
  return numbers.flatMap((number, at) => (number - (numbers[at - 1] ?? 0) > 1 ? [null, number] : [number]));
}

function present(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

function urlOf(path: string, fields: Record<string, string>): string {
  const query = new URLSearchParams(present(fields)).toString();
  return query === '' ? path : `${path}?${query}`;
}
