import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ejs, { type TemplateFunction } from 'ejs';
import type { Request, Response } from 'express';
import { packageRoot } from '../package-root.ts';
import { redactTokens } from '../text/sanitize.ts';
import { dateText, minuteText } from './view-models/dates.ts';
import type { PageData } from './view-models/pages.ts';

const viewsFolder = join(packageRoot, 'views');

export interface PageOptions {
  /** The document's title, before the product's name. */
  title: string;
  status?: number;
  /** Which entry of the navigation this page is; none where absent. */
  at?: 'overview' | 'sign-in' | 'import' | 'reminders' | 'clients' | 'audit-log';
  /** Uses the width of the window: for lists, and forms with advice beside them. */
  wide?: boolean;
  /** A script of ours in the head, by name. */
  script?: 'capture' | 'poll' | 'auto-hide-secret' | 'push-progress' | 'redirect' | 'service-worker-cleanup';
  /** Asks the browser for the page anew, where scripts do not run: seconds, and where to. */
  refresh?: { seconds: number; url: string };
}

export type Render = <Name extends keyof PageData>(
  request: Pick<Request, 'session'>,
  response: Response,
  name: Name,
  data: PageData[Name],
  options: PageOptions,
) => void;

/** The same page with what was typed, which is shown again where it has to be mended; but for a token in the wrong field. */
function withTypedAgain<Data extends object>(data: Data): Data {
  const { values, form } = data as { values?: object; form?: object | null };
  return {
    ...data,
    ...(values !== undefined && { values: typedAgain(values) }),
    ...(form && { form: withTypedAgain(form) }),
  };
}

function typedAgain(values: object): object {
  const again = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(again);
    // Public keys are JSON, and as long.
    if (typeof value !== 'string' || value.startsWith('{')) return value;
    return redactTokens(value) === value ? value : '';
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, again(value)]));
}

/** Renders `views/<name>.ejs` within `views/layout.ejs`. Every value is escaped there. */
export function createRender(site: { demonstration: boolean }): Render {
  const templates = new Map<string, TemplateFunction>();
  const template = (name: string): TemplateFunction => {
    const known = templates.get(name);
    if (known !== undefined) return known;
    const filename = join(viewsFolder, `${name}.ejs`);
    const compiled = ejs.compile(readFileSync(filename, 'utf8'), {
      filename,
      root: viewsFolder,
      rmWhitespace: true,
    });
    templates.set(name, compiled);
    return compiled;
  };
  const helpers = { dateText, minuteText };
  return (request, response, name, data, options) => {
    const entered = request.session?.authenticated === true;
    const body = template(name)({ ...helpers, entered, ...withTypedAgain(data) });
    const page = template('layout')({
      body,
      at: null,
      wide: false,
      script: null,
      refresh: null,
      ...options,
      ...site,
      entered,
    });
    response
      .status(options.status ?? 200)
      .type('html')
      .send(page);
  };
}
