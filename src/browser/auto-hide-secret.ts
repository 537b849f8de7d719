/* Takes a secret that a page shows out of the document again: after a minute, and when the page is left. */

const shownMs = 60_000;

const hint = document.querySelector<HTMLElement>('[data-hides]');
if (hint !== null) hint.hidden = false;

setTimeout(hide, shownMs);
addEventListener('pagehide', hide);

function hide(): void {
  const held = document.activeElement?.closest('[data-shown]') !== null;
  for (const place of document.querySelectorAll<HTMLElement>('[data-secret]')) place.textContent = '';
  for (const part of document.querySelectorAll<HTMLElement>('[data-shown]')) part.hidden = true;
  const gone = document.querySelectorAll<HTMLElement>('[data-gone]');
  for (const part of gone) part.hidden = false;
  if (held) gone[0]?.focus();
}
