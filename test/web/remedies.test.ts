import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../src/errors/broker-error.ts';
import { commandLine, pageHelp, pageHelpText } from '../../src/errors/remedy.ts';
import { toProblem } from '../../src/web/errors/error-handler.ts';
import { createRender } from '../../src/web/render.ts';
import { served } from '../support/web/web-client.ts';

describe('toProblem', () => {
  const { remedies } = toProblem(
    new BrokerError('E_EXPIRED', 'The token has expired.', {
      help: [
        {
          text: 'Get a new token',
          command: ['login', 'acme'],
          link: { label: 'Renew', path: '/profiles/acme' },
        },
        { text: 'To check the installation', command: ['doctor'] },
        { text: 'To print the expired one, add --allow-expired', only: 'terminal' },
        'Tokens expire after a year.',
      ],
    }),
  );

  it('prefers links to commands and leaves out remedies for a terminal', () => {
    expect(remedies).toEqual([
      { text: 'Get a new token', command: null, link: { label: 'Renew', path: '/profiles/acme' } },
      { text: 'To check the installation', command: 'npx webex-token doctor', link: null },
      { text: 'Tokens expire after a year.', command: null, link: null },
    ]);
  });

  it('has a plain text form for programs', () => {
    expect(pageHelpText(remedies)).toBe(
      'Get a new token: Renew To check the installation: npx webex-token doctor Tokens expire after a year.',
    );
    expect(pageHelpText(pageHelp([]))).toBeNull();
  });

  it('is shown with links and commands, escaped', () => {
    let page = '';
    const send = (text: string) => {
      page = text;
    };
    const response = {
      status: () => response,
      type: () => response,
      send,
    };
    createRender({ demonstration: false })(
      { session: undefined as never },
      response as never,
      'problem',
      {
        problem: {
          status: 403,
          code: 'E_EXPIRED',
          title: 'Token expired',
          detail: 'It has expired.',
          remedies: [...remedies, { text: '<b>', command: '<i>', link: null }],
        },
        reason: 'Forbidden',
      },
      { title: 'Token expired' },
    );
    expect(page).toContain('Get a new token: <a href="/profiles/acme">Renew</a>');
    expect(page).toContain('To check the installation: <code>npx webex-token doctor</code>');
    expect(page).not.toContain('--allow-expired');
    expect(page).not.toMatch(/<b>|<i>/);
  });
});

describe('an error page', () => {
  it('says how to open the app', async () => {
    const { text } = await (await served()).visitor().get('/').expect(403);
    expect(text).toContain('To open the app: <code>npx webex-token open</code>');
  });
});

describe('commandLine', () => {
  it('is what starts the program: npx in a checkout, and the name alone once it is installed', () => {
    expect(commandLine(['get', 'acme'], '/home/ada/webex-token-broker')).toBe('npx webex-token get acme');
    const installed = join('/usr/lib', 'node_modules', 'webex-token-broker');
    expect(commandLine(['get', 'acme'], installed)).toBe('webex-token get acme');
  });

  it('writes every command that a page shows', () => {
    const views = globSync('views/**/*.ejs');
    expect(views.length).toBeGreaterThan(50);
    const written = views.filter((path) => /<code[^>]*>\s*webex-token /.test(readFileSync(path, 'utf8')));
    expect(written).toEqual([]);
  });
});
