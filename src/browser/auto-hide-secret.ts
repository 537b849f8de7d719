/* Removes a secret from the page after a minute, and when the person leaves the page. */

const shownMs = 60_000;

const hint = document.querySelector<HTMLElement>('[data-hides]');
if (hint !== null) hint.hidden = false;

setTimeout(hide, shownMs);
addEventListener('pagehide', hide);

function hide(): void {
  const hadFocus = document.activeElement?.closest('[data-shown]') !== null;
  for (const place of document.querySelectorAll<HTMLElement>('[data-secret]')) place.textContent = '';
  for (const part of document.querySelectorAll<HTMLElement>('[data-shown]')) part.hidden = true;
  const gone = document.querySelectorAll<HTMLElement>('[data-gone]');
  for (const part of gone) part.hidden = false;
  if (hadFocus) gone[0]?.focus();
}
