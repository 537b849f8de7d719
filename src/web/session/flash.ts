import type { Request } from 'express';

/** Leaves a sentence for the next page that this browser asks for. */
export function setFlash(request: Pick<Request, 'session'>, text: string): void {
  request.session.notice = text;
}

/** The sentence that was left, once. */
export function takeFlash(request: Pick<Request, 'session'>): string | null {
  const { notice } = request.session;
  if (notice === undefined) return null;
  delete request.session.notice;
  return notice;
}
