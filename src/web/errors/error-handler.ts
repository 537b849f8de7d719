import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { BrokerError } from '../../errors/broker-error.ts';
import { type ErrorCode, errorCodes } from '../../errors/error-codes.ts';
import { commandLine, pageHelp, pageHelpText } from '../../errors/remedy.ts';
import { toSafeError } from '../../text/safe-error.ts';
import type { Render } from '../render.ts';
import type { Problem } from '../view-models/problem.ts';

/** Short, because the store is used again as soon as it responds. */
const retryAfterSeconds = '5';

/** Describes any thrown value without leaking secrets or internals. */
export function toProblem(error: unknown): Problem {
  if (error instanceof BrokerError) {
    const { status, title } = errorCodes[error.code];
    return { status, code: error.code, title, detail: error.message, remedies: pageHelp(error.remedies) };
  }
  const status = statusOf(error);
  if (status === 413) {
    return toProblem(
      new BrokerError(
        'E_TOO_LARGE',
        'The request is larger than any response of Webex or any form of this app.',
        {
          help: 'Copy only the address from the address bar.',
        },
      ),
    );
  }
  if (status === 415) {
    return toProblem(new BrokerError('E_MEDIA_TYPE', 'The encoding of the request is not supported.'));
  }
  if (status !== null) {
    const detail = 'The request is malformed.';
    return { ...errorOf('E_BAD_REQUEST'), status, detail, remedies: [] };
  }
  return {
    ...errorOf('E_INTERNAL'),
    detail: 'An unexpected error occurred. No stored data was lost.',
    remedies: [
      { text: 'Try again. The terminal where the server runs shows details.', command: null, link: null },
      { text: 'To look for the cause', command: commandLine(['doctor']), link: null },
    ],
  };
}

function errorOf(code: ErrorCode): Pick<Problem, 'status' | 'code' | 'title'> {
  const { status, title } = errorCodes[code];
  return { status, code, title };
}

/** The status of a client error as Express and its body parsers report it; null for any other error. */
function statusOf(error: unknown): number | null {
  const { status } = (error ?? {}) as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}

/** Sends a problem document (RFC 9457) with the error code and the remedies. `more`: additional members. */
export function sendProblem(response: Response, problem: Problem, more: Record<string, string> = {}): void {
  const { status, code, title, detail, remedies } = problem;
  const help = pageHelpText(remedies);
  if (status === 503) response.set('Retry-After', retryAfterSeconds);
  response
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `/errors/${code}`,
        title,
        status,
        detail,
        ...(help !== null && { help }),
        code,
        ...more,
      }),
    );
}

export const notFound: RequestHandler = (_request, _response, next) => {
  next(new BrokerError('E_NOT_FOUND', 'This page does not exist.'));
};

/** Responds to every error: with a page for people, with problem details for programs. */
export function errorHandler({
  log,
  render,
}: {
  log: Pick<Logger, 'error'>;
  render: Render;
}): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const problem = toProblem(error);
    if (problem.status >= 500) log.error(toSafeError(error), 'a request failed');
    if (response.headersSent) {
      next(error);
      return;
    }
    // The rest of a body that is too large is not read.
    if (problem.status === 413) response.set('Connection', 'close');
    if (wantsPage(request)) {
      const { status, title } = problem;
      if (status === 503) response.set('Retry-After', retryAfterSeconds);
      render(
        request,
        response,
        'problem',
        { problem, reason: STATUS_CODES[status] ?? '' },
        { title, status },
      );
    } else sendProblem(response, problem);
  };
}

function wantsPage(request: Request): boolean {
  // Only the script of the capture page posts there, even if its Accept header was changed.
  if (request.path === '/auth/code' && request.method === 'POST') return false;
  return request.accepts(['html', 'json']) === 'html';
}
