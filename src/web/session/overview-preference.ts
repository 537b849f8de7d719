import type { Request, Response } from 'express';
import { type TableColumn, tableColumns } from '../view-models/organization-table.ts';

/** How the overview lists the organizations. */
export interface OverviewPreference {
  view: 'cards' | 'table';
  /** The columns of the table, next to the name. */
  columns: TableColumn[];
}

const defaultColumns: TableColumn[] = ['status', 'days', 'account', 'tags', 'contact', 'destinations'];

const yearMs = 365 * 86_400_000;

/**
 * The view that the URL requests, or else the one remembered in a cookie. A requested view is remembered. The cookie contains
 * no secret and grants nothing; other ports of this host could set it.
 */
export function overviewPreference(
  request: Pick<Request, 'query' | 'headers'>,
  response: Response,
  port: number,
): OverviewPreference {
  const name = `overview-${port}`;
  const remembered = parse(cookieValue(request.headers.cookie ?? '', name));
  const { view, columns } = request.query;
  if (view !== 'cards' && view !== 'table') return remembered;
  const preference = { view, columns: columns === undefined ? remembered.columns : known(columns) } as const;
  response.cookie(name, [view, ...preference.columns].join('.'), {
    httpOnly: true,
    sameSite: 'strict',
    path: '/',
    maxAge: yearMs,
  });
  return preference;
}

function parse(value: string | undefined): OverviewPreference {
  const [view, ...columns] = value?.split('.') ?? [];
  return value === undefined
    ? { view: 'cards', columns: defaultColumns }
    : { view: view === 'table' ? 'table' : 'cards', columns: known(columns) };
}

/** In the order of the table. */
function known(columns: unknown): TableColumn[] {
  const asked = Array.isArray(columns) ? columns : [columns];
  return tableColumns.filter((column) => asked.includes(column));
}

function cookieValue(cookies: string, name: string): string | undefined {
  return cookies
    .split(/;\s*/)
    .find((cookie) => cookie.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}
