import ejs from 'ejs';
import type { Request, Response } from 'express';
import { anyProvider, providerIds, providerTitle } from '../domain/providers.ts';
import { commandLine } from '../errors/remedy.ts';
import { readProgramFile } from '../program-files.ts';
import { formatCount, plural } from '../text/count.ts';
import { redactTokens } from '../text/sanitize.ts';
import { dateText, minuteText, withLocalTimes } from './view-models/dates.ts';
import { statusLabels } from './view-models/expiry-view.ts';
import type { PageData } from './view-models/pages.ts';
import { relayRightsText } from './view-models/relay-rights.ts';

const sources = new Map<string, string>();

/** Each file is read once, because it is needed every time the view is rendered. */
function readView(name: string): string {
  const source = sources.get(name) ?? readProgramFile(`views/${name}.ejs`);
  sources.set(name, source);
  return source;
}

export interface PageOptions {
  /** The title of the document, without the name of the product. */
  title: string;
  status?: number;
  /** The navigation entry marked as current; absent if none is. */
  at?: 'overview' | 'sign-in' | 'import' | 'reminders' | 'clients' | 'audit-log';
  /** True: wider, for lists and for forms with advice next to them. `window`: as wide as the window, for tables. */
  wide?: boolean | 'window';
  /** The script of the page, by name. */
  script?: 'capture' | 'poll' | 'auto-hide-secret' | 'push-progress' | 'redirect' | 'service-worker-cleanup';
  /** Reloads the page in browsers without JavaScript. */
  refresh?: { seconds: number; url: string };
}

export type Render = <Name extends keyof PageData>(
  request: Pick<Request, 'session'>,
  response: Response,
  name: Name,
  data: PageData[Name],
  options: PageOptions,
) => void;

/** Keeps the entered values of a form with errors, except a token that was pasted into the wrong field. */
function withFormValues<Data extends object>(data: Data): Data {
  const { values, form } = data as { values?: object; form?: object | null };
  return {
    ...data,
    ...(values !== undefined && { values: redactPastedTokens(values) }),
    ...(form && { form: withFormValues(form) }),
  };
}

function redactPastedTokens(values: object): object {
  const redact = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(redact);
    // A public key (JSON) is as long as a token.
    if (typeof value !== 'string' || value.startsWith('{')) return value;
    return redactTokens(value) === value ? value : '';
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, redact(value)]));
}

/** EJS compiles a view and its includes when they are first needed, and caches both by name. */
function renderView(name: string, data: object): string {
  return ejs.render(readView(name), data, {
    filename: `/${name}.ejs`,
    // A view includes others by their path below views/, with a slash in front.
    includer: (path) => ({ template: readView(path.slice(1)) }),
    cache: true,
    rmWhitespace: true,
  });
}

/** Renders `views/<name>.ejs` within `views/layout.ejs`. The templates escape every value. */
export function createRender(site: { demonstration: boolean }): Render {
  const helpers = {
    anyProvider,
    commandLine: (command: string[]) => commandLine(command),
    dateText,
    formatCount,
    plural,
    minuteText,
    providerIds,
    providerTitle,
    relayRightsText,
    statusLabels,
    withLocalTimes,
  };
  return (request, response, name, data, options) => {
    const authenticated = request.session?.authenticated === true;
    const body = renderView(name, { ...helpers, authenticated, ...withFormValues(data) });
    const page = renderView('layout', {
      body,
      at: null,
      wide: false,
      script: null,
      refresh: null,
      ...options,
      ...site,
      authenticated,
    });
    response
      .status(options.status ?? 200)
      .type('html')
      .send(page);
  };
}
