/*
 * The capture page's script. It is the first thing in the page's head, so that the fragment, which holds the token,
 * leaves the address bar before anything else happens. The token stays in this file's variables: it never gets into the
 * document, its title, any storage or the console.
 */

import { ownPath } from './shared/own-path.ts';
import { goToSection, showSection } from './shared/sections.ts';

interface Problem {
  title?: string;
  detail?: string;
  help?: string;
  /** Where this browser's own capture of the same answer is to be seen. */
  next?: string;
  /** Where to begin a new sign-in, for a browser that may. */
  startOver?: string;
}

const timeoutMs = 30_000;

// Webex puts errors into the query, and tokens into the fragment.
let answer = location.search.length > 1 || location.hash.length > 1 ? location.search + location.hash : '';
history.replaceState(null, '', location.pathname);

document.addEventListener('DOMContentLoaded', () => {
  if (answer === '') show('nothing');
  else void hand();
});

addEventListener('beforeunload', (event) => {
  if (answer !== '') event.preventDefault();
});

/** Hands the answer to the server, and goes where it says once it is stored. */
async function hand(): Promise<void> {
  show('working');
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(location.pathname, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, application/problem+json' },
      body: JSON.stringify({ fragment: answer }),
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
    answer = '';
    location.replace(ownPath((body as { next?: unknown }).next) ?? '/');
    return;
  }
  const problem = body as Problem;
  // A fault of the program's own may be over in a moment, and the token is still good.
  if (response.status < 500) answer = '';
  tell(problem);
  if (response.status >= 500) show('faulty');
  else
    show(document.querySelector('[data-when="refused-by-webex"]') === null ? 'refused' : 'refused-by-webex');
}

/** Shows one of the page's sections, and takes the reader there. */
function show(name: string): void {
  showSection(name);
  if (name === 'working') return;
  for (const again of document.querySelectorAll<HTMLButtonElement>('[data-retry]')) {
    again.onclick = () => void hand();
  }
  goToSection(name);
}

function tell(problem: Problem): void {
  for (const part of ['title', 'detail', 'help'] as const) {
    for (const place of document.querySelectorAll<HTMLElement>(`[data-text="${part}"]`)) {
      const text = problem[part];
      place.textContent = typeof text === 'string' ? text : '';
    }
  }
  link('next', problem.next);
  link('start-over', problem.startOver);
}

function link(name: string, to: unknown): void {
  const path = ownPath(to);
  for (const anchor of document.querySelectorAll<HTMLAnchorElement>(`a[data-link="${name}"]`)) {
    anchor.hidden = path === null;
    if (path !== null) anchor.href = path;
  }
}
