import type { Request, RequestHandler } from 'express';
import { verifyAudit } from '../../store/audit/audit.ts';
import { type AuditRow, rowText } from '../../store/audit/chain.ts';
import { auditActionLabels } from '../../store/audit/labels.ts';
import { auditOutcome, outcomeFilters } from '../../store/audit/outcomes.ts';
import {
  type AuditFilter,
  type AuditPosition,
  countAuditRows,
  newestAuditRows,
  positionAfter,
} from '../../store/audit/read.ts';
import { instant } from '../../text/instant.ts';
import type { WebContext } from '../context.ts';
import type { AuditLogPage, AuditLogRow } from '../view-models/pages.ts';

const rowsOnPage = 100;

/** With up to this many rows, each page view verifies the whole log. Longer logs are verified only on request. */
const maxVerifiedRows = 5_000;

const names = ['profile', 'client', 'action', 'outcome', 'since', 'until'] as const;

/** `GET /audit-log`: who did what with which token, newest first. */
export function auditLogPage({ vault, render }: WebContext): RequestHandler {
  return async (request, response) => {
    const { db } = vault;
    const values = valuesOf(request);
    const before = parsePosition(asked(request, 'before', 2_000));
    const filter = filterOf(values);
    const rows = await newestAuditRows(db, filter, rowsOnPage + 1, before);
    const shown = rows.slice(0, rowsOnPage);
    const filtered = Object.keys(filter).length > 0;
    const entries = await countAuditRows(db);
    const verify = asked(request, 'verify') !== '' || entries <= maxVerifiedRows;
    const chain = verify ? await verifyAudit(db) : null;
    render(
      request,
      response,
      'audit-log',
      {
        rows: shown.map(rowOf),
        values,
        filtered,
        outcomes:
          outcomeFilters.some(({ value }) => value === values.outcome) || values.outcome === ''
            ? outcomeFilters
            : [...outcomeFilters, { value: values.outcome, text: auditOutcome('', values.outcome).text }],
        actions: Object.entries(auditActionLabels).map(([value, text]) => ({ value, text })),
        chain,
        brokenAt: chain?.broken ? rowText(chain.broken, 'entry') : null,
        entries,
        olderPage:
          rows.length > rowsOnPage
            ? link(values, { before: positionText(positionAfter(shown, before)) })
            : null,
        newestPage: before === undefined ? null : link(values, {}),
      },
      { title: 'Audit log', at: 'audit-log', wide: true },
    );
  };
}

/** Parses the position where a page starts, as in its link: `1.523-2.100`. Undefined if it is invalid. */
function parsePosition(text: string): AuditPosition | undefined {
  if (!/^\d{1,9}\.\d{1,15}(-\d{1,9}\.\d{1,15})*$/.test(text)) return undefined;
  return new Map(
    text.split('-').map((part) => {
      const [chain, seq] = part.split('.').map(Number);
      return [chain ?? 0, seq ?? 0];
    }),
  );
}

function positionText(position: AuditPosition): string {
  return [...position].map(([chain, seq]) => `${chain}.${seq}`).join('-');
}

function asked({ query }: Pick<Request, 'query'>, name: string, maxLength = 200): string {
  const value = query[name];
  return typeof value === 'string' ? value.trim().slice(0, maxLength) : '';
}

function valuesOf(request: Pick<Request, 'query'>): AuditLogPage['values'] {
  const values = names.map((name) => [name, asked(request, name)] as const);
  return Object.fromEntries(values) as AuditLogPage['values'];
}

function filterOf({ profile, client, action, outcome, since, until }: AuditLogPage['values']): AuditFilter {
  const from = dayStart(since, 0);
  const to = dayStart(until, 1);
  return {
    ...(profile !== '' && { profile }),
    ...(client !== '' && { client }),
    ...(action !== '' && { action }),
    ...(outcome !== '' && { outcome }),
    ...(from !== null && { since: from }),
    ...(to !== null && { until: to }),
  };
}

/** The start of a day in the local time zone, `later` days later. Epoch milliseconds; null if it is not a date. */
function dayStart(text: string, later: number): number | null {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  return year === undefined ? null : new Date(Number(year), Number(month) - 1, Number(day) + later).getTime();
}

function link(values: AuditLogPage['values'], more: Record<string, string>): string {
  const given = Object.entries({ ...values, ...more }).filter(([, value]) => value !== '');
  return `/audit-log?${new URLSearchParams(given)}`;
}

function rowOf({
  seq,
  time,
  action,
  outcome,
  profile,
  client,
  address,
  user,
  subject,
}: AuditRow): AuditLogRow {
  const { text, kind } = auditOutcome(action, outcome);
  return {
    seq,
    time: instant(time),
    action: auditActionLabels[action] ?? action,
    outcome: text,
    code: outcome,
    tone: ({ ok: 'valid', note: 'note', failed: 'rejected' } as const)[kind],
    profile,
    subject,
    who: client ?? user,
    isClient: client !== null,
    address,
  };
}
