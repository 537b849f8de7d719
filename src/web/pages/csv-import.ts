import type { Request, RequestHandler, Response } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { pageHelp } from '../../errors/remedy.ts';
import { formatCount, plural } from '../../text/count.ts';
import { decodeText } from '../../text/decode-text.ts';
import type { Vault } from '../../vault/context.ts';
import type { ProfileRow } from '../../vault/profiles/csv-row.ts';
import {
  importBatchSize,
  importProfiles,
  planImport,
  type RowResult,
} from '../../vault/profiles/import-profiles.ts';
import { parseProfileCsv } from '../../vault/profiles/profile-csv.ts';
import { parseProfileRows } from '../../vault/profiles/profile-rows.ts';
import { actorOf, type WebContext } from '../context.ts';
import { invalidField } from '../forms/form-errors.ts';
import { field, fileOf } from '../middleware/body.ts';
import { setFlash } from '../session/flash.ts';
import type { FieldError } from '../view-models/pages.ts';

const rowsShown = 200;

/** `GET /import/csv` */
export function csvImportForm(context: WebContext): RequestHandler {
  return (request, response) => renderForm(context, request, response, []);
}

/** `POST /import/csv`: keeps the file for the preview, and stores nothing. */
export function uploadCsv(context: WebContext): RequestHandler {
  return async (request, response) => {
    const bytes = await fileOf(request, 'file');
    if (bytes === null) {
      renderForm(context, request, response, [invalidField('file', 'Choose a CSV file.')]);
      return;
    }
    try {
      const text = decodeText(bytes, 'The file', 'E_CSV');
      parseProfileCsv(text);
      request.session.csvImport = await context.csvImports.add(text);
    } catch (error) {
      if (!(error instanceof BrokerError) || error.code !== 'E_CSV') throw error;
      const { message, remedies } = error;
      renderForm(context, request, response, [{ field: 'file', message, remedies: pageHelp(remedies) }]);
      return;
    }
    response.redirect(303, '/import/csv/preview');
  };
}

/** `GET /import/csv/preview`: what the import would do with each row. */
export function csvImportPreview(context: WebContext): RequestHandler {
  const { vault, csvImports, render } = context;
  return async (request, response) => {
    const text = await csvImports.read(request.session.csvImport);
    if (text === null) {
      askAgain(context, request, response);
      return;
    }
    const { planned, invalid } = await plan(vault, text);
    const results = [...invalid, ...planned].sort(
      (a, b) => Number(b.outcome === 'invalid') - Number(a.outcome === 'invalid') || a.line - b.line,
    );
    const counts = { created: 0, updated: 0, unchanged: 0, invalid: 0 };
    for (const { outcome } of results) counts[outcome] += 1;
    render(
      request,
      response,
      'csv-import-preview',
      {
        rows: results.slice(0, rowsShown),
        more: Math.max(0, results.length - rowsShown),
        counts,
        tokens: results.filter(({ token }) => token).length,
      },
      { title: 'Import a CSV file', at: 'import', wide: true },
    );
  };
}

/** `POST /import/csv/preview`: imports all rows, or only the valid ones if the person chose to skip the others. */
export function importCsv(context: WebContext): RequestHandler {
  const { vault, csvImports } = context;
  return async (request, response) => {
    const id = request.session.csvImport;
    const text = await csvImports.read(id);
    if (id === undefined || text === null) {
      askAgain(context, request, response);
      return;
    }
    const { rows, planned, invalid } = await plan(vault, text);
    const isInvalid = invalid.length > 0 || planned.some(({ outcome }) => outcome === 'invalid');
    if (isInvalid && field(request.body, 'skipInvalid') === '') {
      response.redirect(303, '/import/csv/preview');
      return;
    }
    const results = await inBatches(rows, (batch) => importProfiles(vault, batch, actorOf(request)));
    csvImports.remove(id);
    delete request.session.csvImport;
    const count = (outcome: RowResult['outcome']) =>
      results.filter((each) => each.outcome === outcome).length;
    const { length: tokens } = results.filter(({ token }) => token);
    setFlash(
      request,
      `Imported: ${plural(count('created'), 'organization')} created, ${formatCount(count('updated'))} updated.${
        tokens > 0 ? ' The file contains unencrypted tokens: delete it and its copies.' : ''
      }`,
    );
    response.redirect(303, '/?view=table');
  };
}

/** The same checks as `profile import --dry-run`. */
async function plan(
  vault: Vault,
  text: string,
): Promise<{ rows: ProfileRow[]; planned: RowResult[]; invalid: RowResult[] }> {
  const { rows, invalid } = parseProfileRows(parseProfileCsv(text), vault.now());
  return { rows, invalid, planned: await inBatches(rows, (batch) => planImport(vault, batch)) };
}

async function inBatches(
  rows: ProfileRow[],
  handle: (batch: ProfileRow[]) => Promise<RowResult[]>,
): Promise<RowResult[]> {
  const results: RowResult[] = [];
  for (let at = 0; at < rows.length; at += importBatchSize) {
    results.push(...(await handle(rows.slice(at, at + importBatchSize))));
  }
  return results;
}

/** Asks for the file again: it was not uploaded, or waited too long, or the server was restarted since. */
function askAgain(context: WebContext, request: Request, response: Response): void {
  if (request.session.csvImport === undefined) {
    response.redirect(303, '/import/csv');
    return;
  }
  delete request.session.csvImport;
  renderForm(context, request, response, [
    invalidField(
      'file',
      'The server no longer has the file, so nothing was imported. Choose it again.',
      keptFor,
    ),
  ]);
}

const keptFor = 'An uploaded file is kept for 15 minutes, and until the server stops.';

function renderForm(
  { render }: WebContext,
  request: Request,
  response: Response,
  errors: FieldError[],
): void {
  render(
    request,
    response,
    'csv-import',
    { errors },
    {
      title: `${errors.length > 0 ? 'Error: ' : ''}Import a CSV file`,
      at: 'import',
      status: errors.length > 0 ? 422 : 200,
    },
  );
}
