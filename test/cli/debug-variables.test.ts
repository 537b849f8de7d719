import { describe, expect, it } from 'vitest';
import { sendRaw } from '../support/attacks/raw-http.ts';
import { machine } from '../support/cli/cli-process.ts';
import { printedLink } from '../support/cli/follow-link.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

/** What libraries and Node itself read to write about their work. */
const variables = ['DEBUG', 'DEBUG_COLORS', 'DEBUG_FD', 'debug', 'NODE_DEBUG', 'NODE_DEBUG_NATIVE'];

const token = usualToken();

/** Valid and malformed requests with a token in a place where none is expected. */
const targets = [
  `/auth/code?access_token=${token}`,
  `/auth/code/?access_token=${token}`,
  `/?access_token=${token}`,
  `/healthz?access_token=${token}`,
  `/oauth/token?access_token=${token}`,
  `/profiles/%zz?access_token=${token}`,
  `/access/%E0%A4%A?access_token=${token}`,
  `//x?access_token=${token}`,
  `/nothing?access_token=${token}`,
  `/auth/code?access_token=${token}&pad=${'x'.repeat(20_000)}`,
];

const allOfThem = Object.fromEntries(variables.map((name) => [name, '*']));

describe('debug variables', () => {
  it.each([{ DEBUG: '*' }, { NODE_DEBUG: '*' }, allOfThem])(
    'do not make the server write the query of a request: %o',
    async (more) => {
      const here = await machine(undefined, more);
      const serve = here.spawn(['serve', '--no-open', '--verbose']);
      await printedLink(serve);
      for (const target of targets) {
        await sendRaw(
          here.port,
          `GET ${target} HTTP/1.1\r\nHost: localhost:${here.port}\r\nReferer: http://localhost:${here.port}${target}\r\nConnection: close\r\n\r\n`,
        );
      }
      serve.kill('SIGTERM');
      const { code, stdout, stderr } = await serve.finished;
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(stderr).not.toContain(token.slice(0, 20));
      expect(stderr).not.toMatch(/express:|body-parser|HTTP \d+:|NET \d+:/);
    },
  );

  it.each([['--version'], ['list', '--json'], ['get', 'acme'], ['status'], ['doctor', '--json']])(
    'do not change the output of "%s"',
    async (...args) => {
      const others = { ...allOfThem, NODE_DEBUG: 'http,net,execa' };
      const [plain, debugged] = await Promise.all(
        [{}, others].map(async (more) => {
          const here = await machine(undefined, more);
          const { code, stdout, stderr } = await here.spawn(args).finished;
          return {
            code,
            stderr: stderr.replaceAll(here.home, 'HOME'),
            ...(args[0] !== 'doctor' && { stdout: stdout.replaceAll(here.home, 'HOME') }),
          };
        }),
      );
      expect(debugged).toEqual(plain);
    },
  );
});
