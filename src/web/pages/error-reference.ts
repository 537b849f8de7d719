import type { RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { type ErrorCode, errorCodes } from '../../errors/error-codes.ts';
import { pageHelp } from '../../errors/remedy.ts';
import type { WebContext } from '../context.ts';

/** `GET /errors/:code`: explains an error code. The `type` of a problem document points here. Static text only. */
export function errorReferencePage({ render }: Pick<WebContext, 'render'>): RequestHandler<{ code: string }> {
  return (request, response) => {
    const { code } = request.params;
    if (!isErrorCode(code)) throw new BrokerError('E_NOT_FOUND', 'There is no error with this code.');
    const { title, exit, status, cause, remedies } = errorCodes[code];
    render(
      request,
      response,
      'error-reference',
      { code, title, exit, status, cause, remedies: pageHelp(remedies) },
      { title: code },
    );
  };
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}
