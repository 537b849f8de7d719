import type { RequestHandler, Response } from 'express';
import type { Deployment } from '../webex/deployments.ts';
import { sendWebexError } from './webex/webex-error.ts';

/** Formats an error as the simulated service does. */
export type ErrorSender = (response: Response, status: 401 | 403 | 404 | 429 | 500 | 503) => void;

export type FaultAnswer =
  | { answer: 401 | 403 | 404 | 500 | 503 }
  /** Without `retryAfter` the header is left out. */
  | { answer: 429; retryAfter?: number | string }
  /** 200 with a page, as a proxy or a captive portal answers. */
  | { answer: 'html' }
  /** Nothing, until the caller gives up. With `applied`, what was asked is done first, and only the answer is lost. */
  | { answer: 'hang'; applied?: true }
  /** The connection is cut; `applied` as above. */
  | { answer: 'reset'; applied?: true }
  /** The true answer, late. */
  | { answer: 'slow'; milliseconds: number };

export type Fault = FaultAnswer & {
  /** This path and all below it (query aside), or what the expression matches. */
  path: string | RegExp;
  /** Only these; both where absent. */
  deployment?: Deployment;
  method?: string;
  /** How many requests it spoils; all of them where absent. */
  times?: number;
  /** How many it lets pass before; none where absent. */
  skip?: number;
};

/** What goes wrong on purpose. The fault added first is used first. */
export class Faults {
  #faults: { fault: Fault; left: number; toPass: number }[] = [];

  /** The function returned takes it away again. */
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

  /** For one deployment of Webex, or, with null, for another service, which words its own errors. */
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
      spoil(entry.fault, response, next, sendError);
    };
  }
}

function covers(wanted: string | RegExp, path: string): boolean {
  if (typeof wanted !== 'string') return path.search(wanted) >= 0;
  return path === wanted || path.startsWith(wanted.endsWith('/') ? wanted : `${wanted}/`);
}

function spoil(fault: FaultAnswer, response: Response, next: () => void, sendError: ErrorSender): void {
  switch (fault.answer) {
    case 'html':
      response.send('<!doctype html><html lang="en"><title>Sign in to the network</title><p>Please sign in.');
      return;
    case 'hang':
      if (fault.applied) loseAnswer(response, next, () => {});
      return;
    case 'reset': {
      const cut = () => response.socket?.resetAndDestroy();
      if (fault.applied) loseAnswer(response, next, cut);
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
      sendError(response, fault.answer);
  }
}

/** Lets the request be carried out, and does `instead` where it would be answered. */
function loseAnswer(response: Response, next: () => void, instead: () => void): void {
  response.end = () => {
    instead();
    return response;
  };
  next();
}
