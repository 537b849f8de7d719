/** Shows one of a page's sections in the place of the others. */
export function showSection(name: string): void {
  for (const section of document.querySelectorAll<HTMLElement>('[data-when]')) {
    section.hidden = !section.dataset.when?.split(' ').includes(name);
  }
}

/** Takes the reader to a section: its heading has the focus, and is the page's title. */
export function goToSection(name: string): void {
  const heading = document.querySelector<HTMLElement>(`[data-when~="${name}"] h1`);
  if (heading === null) return;
  document.title = document.title.replace(/^.*(?= – )/, heading.textContent ?? '');
  heading.tabIndex = -1;
  heading.focus();
}
