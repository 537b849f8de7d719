import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { BrokerError } from '../../errors/broker-error.ts';
import { errorCodes } from '../../errors/error-codes.ts';
import { toSafeError } from '../../text/safe-error.ts';
import type { Render } from '../render.ts';
import type { Problem } from '../view-models/problem.ts';
import { remedyFor } from './remedies.ts';

/** The store is used again as soon as it answers. */
const retryAfterSeconds = '5';

/** Turns anything thrown into what may be said of it. */
export function toProblem(error: unknown): Problem {
  if (error instanceof BrokerError) {
    const { status, title } = errorCodes[error.code];
    return { status, code: error.code, title, detail: error.message, help: remedyFor(error.help ?? null) };
  }
  const status = statusOf(error);
  if (status === 413) {
    return toProblem(
      new BrokerError('E_TOO_LARGE', 'This is far more than any answer of Webex, or any form here, holds.', {
        help: 'Copy only the address from the address bar.',
      }),
    );
  }
  if (status === 415) {
    return toProblem(
      new BrokerError('E_MEDIA_TYPE', 'The request is encoded in a way that is not taken here.'),
    );
  }
  if (status !== null) {
    const detail = 'The request could not be understood.';
    return { status, code: 'E_BAD_REQUEST', title: 'That did not work', detail, help: null };
  }
  return {
    status: 500,
    code: 'E_INTERNAL',
    title: 'Something went wrong here',
    detail: 'The program met a fault of its own. Nothing that was stored is lost.',
    help: 'Try again. If it stays, the terminal where the program runs says more, and "webex-token doctor" looks for the cause.',
  };
}

/** A client's mistake as Express and its body parsers report it; null for a fault of ours. */
function statusOf(error: unknown): number | null {
  const { status } = (error ?? {}) as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}

/** RFC 9457, with the code, and what to do next. `more` are further members. */
export function sendProblem(response: Response, problem: Problem, more: Record<string, string> = {}): void {
  const { status, code, title, detail, help } = problem;
  if (status === 503) response.set('Retry-After', retryAfterSeconds);
  response
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `/problems/${code.replace(/^E_/, '').toLowerCase().replaceAll('_', '-')}`,
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
  next(new BrokerError('E_NOT_FOUND', 'This page does not exist, or does no longer.'));
};

/** Answers every problem: with a page for a person, with problem details for a program. */
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
    // What is still to come of a body that is too large is not waited for.
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
  // Only the capture page's script posts there, however its request was spoilt.
  if (request.path === '/auth/code' && request.method === 'POST') return false;
  return request.accepts(['html', 'json']) === 'html';
}
