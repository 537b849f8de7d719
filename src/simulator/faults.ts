import type { RequestHandler, Response } from 'express';
import type { Deployment } from '../webex/deployments.ts';
import { sendWebexError } from './webex/webex-error.ts';

/** Formats an error as the simulated service does. */
export type ErrorSender = (response: Response, status: 401 | 403 | 404 | 429 | 500 | 503) => void;

/** What the caller gets instead of the normal response. */
export type FaultEffect =
  | { effect: 401 | 403 | 404 | 500 | 503 }
  /** Without `retryAfter`, the response has no such header. */
  | { effect: 429; retryAfter?: number | string }
  /** Status 200 with an HTML page, as from a proxy or a captive portal. */
  | { effect: 'html' }
  /** No response, until the caller gives up. With `applied`, the request is executed first, and only the response is lost. */
  | { effect: 'hang'; applied?: true }
  /** The connection is reset. `applied` as above. */
  | { effect: 'reset'; applied?: true }
  /** The normal response, after a delay. */
  | { effect: 'slow'; milliseconds: number };

export type Fault = FaultEffect & {
  /** This path and all paths below it, without the query, or the paths that the expression matches. */
  path: string | RegExp;
  /** The deployment that is affected. Default: both. */
  deployment?: Deployment;
  method?: string;
  /** How many requests it affects. Default: all. */
  times?: number;
  /** How many requests are handled normally first. Default: none. */
  skip?: number;
};

/** Injects faults. The fault that was added first is used first. */
export class Faults {
  #faults: { fault: Fault; left: number; toPass: number }[] = [];

  /** Returns a function that removes the fault. */
  add(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY, toPass: fault.skip ?? 0 };
    this.#faults.push(entry);
    return () => {
      entry.left = 0;
    };
  }

  clear(): void {
    this.#faults = [];
  }

  /** For one deployment of Webex or, with null, for another service. `sendError` formats the errors of that service. */
  middleware(deployment: Deployment | null, sendError: ErrorSender = sendWebexError): RequestHandler {
    return (request, response, next) => {
      const entry = this.#faults.find(
        ({ fault, left }) =>
          left > 0 &&
          (fault.deployment ?? deployment) === deployment &&
          (fault.method ?? request.method).toUpperCase() === request.method &&
          covers(fault.path, request.path),
      );
      if (entry === undefined || entry.toPass > 0) {
        if (entry !== undefined) entry.toPass -= 1;
        next();
        return;
      }
      entry.left -= 1;
      inject(entry.fault, response, next, sendError);
    };
  }
}

function covers(wanted: string | RegExp, path: string): boolean {
  if (typeof wanted !== 'string') return path.search(wanted) >= 0;
  return path === wanted || path.startsWith(wanted.endsWith('/') ? wanted : `${wanted}/`);
}

function inject(fault: FaultEffect, response: Response, next: () => void, sendError: ErrorSender): void {
  switch (fault.effect) {
    case 'html':
      response.send('<!doctype html><html lang="en"><title>Sign in to the network</title><p>Please sign in.');
      return;
    case 'hang':
      if (fault.applied) dropResponse(response, next, () => {});
      return;
    case 'reset': {
      const cut = () => response.socket?.resetAndDestroy();
      if (fault.applied) dropResponse(response, next, cut);
      else cut();
      return;
    }
    case 'slow':
      setTimeout(next, fault.milliseconds);
      return;
    case 429:
      if (fault.retryAfter !== undefined) response.set('Retry-After', String(fault.retryAfter));
      sendError(response, 429);
      return;
    default:
      sendError(response, fault.effect);
  }
}

/** Executes the request, and calls `instead` in place of sending the response. */
function dropResponse(response: Response, next: () => void, instead: () => void): void {
  response.end = () => {
    instead();
    return response;
  };
  next();
}
