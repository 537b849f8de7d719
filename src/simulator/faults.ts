import type { RequestHandler, Response } from 'express';
import type { Deployment } from '../webex/deployments.ts';
import { sendWebexError } from './webex/webex-error.ts';

export type FaultAnswer =
  | { answer: 401 | 403 | 404 | 500 | 503 }
  /** Without `retryAfter` the header is left out. */
  | { answer: 429; retryAfter?: number | string }
  /** 200 with a page, as a proxy or a captive portal answers. */
  | { answer: 'html' }
  /** Nothing, until the caller gives up. */
  | { answer: 'hang' }
  /** The connection is cut. */
  | { answer: 'reset' }
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
};

/** What goes wrong on purpose. The fault added first is used first. */
export class Faults {
  #faults: { fault: Fault; left: number }[] = [];

  /** The function returned takes it away again. */
  add(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#faults.push(entry);
    return () => {
      entry.left = 0;
    };
  }

  clear(): void {
    this.#faults = [];
  }

  middleware(deployment: Deployment): RequestHandler {
    return (request, response, next) => {
      const entry = this.#faults.find(
        ({ fault, left }) =>
          left > 0 &&
          (fault.deployment ?? deployment) === deployment &&
          (fault.method ?? request.method).toUpperCase() === request.method &&
          covers(fault.path, request.path),
      );
      if (entry === undefined) {
        next();
        return;
      }
      entry.left -= 1;
      spoil(entry.fault, response, next);
    };
  }
}

function covers(wanted: string | RegExp, path: string): boolean {
  if (typeof wanted !== 'string') return path.search(wanted) >= 0;
  return path === wanted || path.startsWith(wanted.endsWith('/') ? wanted : `${wanted}/`);
}

function spoil(fault: FaultAnswer, response: Response, next: () => void): void {
  switch (fault.answer) {
    case 'html':
      response.send('<!doctype html><html lang="en"><title>Sign in to the network</title><p>Please sign in.');
      return;
    case 'hang':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'slow':
      setTimeout(next, fault.milliseconds);
      return;
    case 429:
      if (fault.retryAfter !== undefined) response.set('Retry-After', String(fault.retryAfter));
      sendWebexError(response, 429);
      return;
    default:
      sendWebexError(response, fault.answer);
  }
}
