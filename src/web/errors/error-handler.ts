import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { BrokerError } from '../../errors.ts';
import { toSafeError } from '../../text/safe-error.ts';
import type { Render } from '../render.ts';
import type { Failure } from '../view-models/problem.ts';
import { remedyFor } from './remedies.ts';

/** The status and heading for each code that is not simply 400. */
const known: Record<string, [status: number, title: string]> = {
  E_UNAUTHENTICATED: [403, 'Please come in by your own link'],
  E_CROSS_ORIGIN: [403, 'Refused'],
  E_NOT_FOUND: [404, 'There is nothing here'],
  E_NO_PROFILE: [404, 'No such profile'],
  E_NO_TOKEN: [404, 'There is no token yet'],
  E_NO_CLIENT: [404, 'No such program'],
  E_NO_DESTINATION: [409, 'Handed over nowhere yet'],
  E_NO_CAPTURED_TOKEN: [404, 'No such capture'],
  E_METHOD: [405, 'Not in this way'],
  E_PROFILE_EXISTS: [409, 'That name is taken'],
  E_PROFILE_MISMATCH: [409, 'That profile is another organization’s'],
  E_OTHER_DEPLOYMENT: [409, 'The token belongs to the other Webex'],
  E_CLIENT_EXISTS: [409, 'That name is taken'],
  E_EXPIRED: [409, 'The token has expired'],
  E_REJECTED: [409, 'Webex does not accept the token'],
  E_RENEWAL: [409, 'The round stands otherwise'],
  E_LINK_USED: [410, 'This link is used up'],
  E_OTHER_USER: [403, 'This link is somebody else’s'],
  E_TOO_LARGE: [413, 'Too much'],
  E_MEDIA_TYPE: [415, 'Not in this form'],
  E_SIGN_IN_FAILED: [400, 'Webex did not give a token'],
  E_STATE_MISSING: [400, 'This answer cannot be taken'],
  E_STATE_DOCUMENTED: [400, 'This answer cannot be taken'],
  E_STATE_UNKNOWN: [400, 'This answer cannot be taken'],
  E_STATE_WRONG_SESSION: [403, 'This answer belongs to another window'],
  E_STATE_USED: [409, 'This answer was taken already'],
  E_STATE_EXPIRED: [410, 'The sign-in took too long'],
  E_STORE: [503, 'The store cannot be used'],
  E_STORE_BUSY: [503, 'The store is busy'],
  E_STORE_UNREACHABLE: [503, 'The store does not answer'],
  E_STORE_READ_ONLY: [503, 'The store is read-only'],
  E_KEY_REMOVED: [503, 'This machine may not open the store'],
  E_STORE_FULL: [507, 'There is no room left'],
  E_ISSUER: [400, 'The answer comes from the wrong side of Webex'],
};

/** What is wrong with the store or its keys is no fault of who asks: what they bring may be taken the next time. */
function unlisted(code: string): [status: number, title: string] {
  if (/^E_STORE/.test(code)) return [503, 'The store cannot be used'];
  if (code === 'E_INTEGRITY') return [503, 'The store cannot be trusted'];
  return /^E_KEY/.test(code) ? [500, 'What is stored cannot be opened'] : [400, 'That did not work'];
}

/** The store is used again as soon as it answers. */
const retryAfterSeconds = '5';

/** Turns anything thrown into what may be said of it. */
export function toProblem(error: unknown): Failure {
  if (error instanceof BrokerError) {
    const [status, title] = known[error.code] ?? unlisted(error.code);
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
export function sendProblem(response: Response, failure: Failure, more: Record<string, string> = {}): void {
  const { status, code, title, detail, help } = failure;
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

/** Answers every failure: with a page for a person, with problem details for a program. */
export function errorHandler({
  log,
  render,
}: {
  log: Pick<Logger, 'error'>;
  render: Render;
}): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const failure = toProblem(error);
    if (failure.status >= 500) log.error(toSafeError(error), 'a request failed');
    if (response.headersSent) {
      next(error);
      return;
    }
    // What is still to come of a body that is too large is not waited for.
    if (failure.status === 413) response.set('Connection', 'close');
    if (wantsPage(request)) {
      const { status, title } = failure;
      if (status === 503) response.set('Retry-After', retryAfterSeconds);
      render(
        request,
        response,
        'failure',
        { failure, reason: STATUS_CODES[status] ?? '' },
        { title, status },
      );
    } else sendProblem(response, failure);
  };
}

function wantsPage(request: Request): boolean {
  // Only the capture page's script posts there, however its request was spoilt.
  if (request.path === '/auth/code' && request.method === 'POST') return false;
  return request.accepts(['html', 'json']) === 'html';
}
