/* Makes the copy buttons work; without this script they stay hidden, and the text beside them can be selected. */

const shownMs = 2_500;

for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
  const source = document.getElementById(button.dataset.copy ?? '');
  if (source === null || navigator.clipboard === undefined) continue;
  const label = button.querySelector<HTMLElement>('[data-label]') ?? button;
  const usual = label.textContent ?? '';
  let timer = 0;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const text = source instanceof HTMLInputElement ? source.value : (source.textContent ?? '').trim();
    const copied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    label.textContent = copied ? 'Copied' : 'Select and copy it by hand';
    button.classList.toggle('done', copied);
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      label.textContent = usual;
      button.classList.remove('done');
    }, shownMs);
  });
}
