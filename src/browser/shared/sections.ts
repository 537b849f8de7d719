/** Shows one section of the page and hides the others. */
export function showSection(name: string): void {
  for (const section of document.querySelectorAll<HTMLElement>('[data-when]')) {
    section.hidden = !section.dataset.when?.split(' ').includes(name);
  }
}

/** Moves the focus to the heading of a section, and makes it the title of the page. */
export function goToSection(name: string): void {
  const heading = document.querySelector<HTMLElement>(`[data-when~="${name}"] h1`);
  if (heading === null) return;
  document.title = document.title.replace(/^.*(?= – )/, heading.textContent ?? '');
  heading.tabIndex = -1;
  heading.focus();
}
