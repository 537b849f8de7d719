import type { Request } from 'express';

/** Sets a message that the next page of this browser shows. */
export function setFlash(request: Pick<Request, 'session'>, text: string): void {
  request.session.notice = text;
}

/** Returns the message and removes it from the session. */
export function takeFlash(request: Pick<Request, 'session'>): string | null {
  const { notice } = request.session;
  if (notice === undefined) return null;
  delete request.session.notice;
  return notice;
}
