/*
 * The script of the capture page. It is the first element of the head, so that it removes the fragment with the token
 * from the address bar before anything else runs. The token stays in variables of this file: it never gets into the
 * document, its title, any storage or the console.
 */

import { ownPath } from './shared/own-path.ts';
import { goToSection, showSection } from './shared/sections.ts';

interface Problem {
  title?: string;
  detail?: string;
  help?: string;
  /** The page of the token that this browser has already captured from the same response. */
  next?: string;
  /** Where an authenticated browser can start a new sign-in. */
  startOver?: string;
  /** What such a browser posts to start over for the profile that was to be renewed. */
  renew?: string;
}

const timeoutMs = 30_000;

// Webex returns errors in the query, and tokens in the fragment.
let redirect = location.search.length > 1 || location.hash.length > 1 ? location.search + location.hash : '';
history.replaceState(null, '', location.pathname);

document.addEventListener('DOMContentLoaded', () => {
  if (redirect === '') show('nothing');
  else void submit();
});

addEventListener('beforeunload', (event) => {
  if (redirect !== '') event.preventDefault();
});

/** Sends the response of Webex to the server, and opens the page that the server names once the token is stored. */
async function submit(): Promise<void> {
  show('working');
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(location.pathname, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, application/problem+json' },
      body: JSON.stringify({ fragment: redirect }),
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    body = await response.json();
  } catch {
    show('unreachable');
    return;
  }
  if (response.ok) {
    redirect = '';
    location.replace(ownPath((body as { next?: unknown }).next) ?? '/');
    return;
  }
  const problem = body as Problem;
  // After an error of the server, the person can try again with the same token.
  if (response.status < 500) redirect = '';
  fillIn(problem);
  if (response.status >= 500) show('faulty');
  else
    show(document.querySelector('[data-when="refused-by-webex"]') === null ? 'refused' : 'refused-by-webex');
}

/** Shows one section of the page and moves the focus to it. */
function show(name: string): void {
  showSection(name);
  if (name === 'working') return;
  for (const again of document.querySelectorAll<HTMLButtonElement>('[data-retry]')) {
    again.onclick = () => void submit();
  }
  goToSection(name);
}

function fillIn(problem: Problem): void {
  for (const part of ['title', 'detail', 'help'] as const) {
    for (const place of document.querySelectorAll<HTMLElement>(`[data-text="${part}"]`)) {
      const text = problem[part];
      place.textContent = typeof text === 'string' ? text : '';
    }
  }
  link('next', problem.next);
  link('start-over', problem.startOver);
  const renew = ownPath(problem.renew);
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-renew]')) {
    form.hidden = renew === null;
    if (renew !== null) form.action = renew;
  }
}

function link(name: string, to: unknown): void {
  const path = ownPath(to);
  for (const anchor of document.querySelectorAll<HTMLAnchorElement>(`a[data-link="${name}"]`)) {
    anchor.hidden = path === null;
    if (path !== null) anchor.href = path;
  }
}
