/*
 * Makes the copy buttons work. Without this script they stay hidden, and the person can select the text next to them. A
 * button with `data-fetch` gets a secret from the server when it is pressed, and copies it without showing it in the page.
 */

const shownMs = 2_500;

for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy], button[data-fetch]')) {
  const { copy, fetch: address } = button.dataset;
  const source = copy === undefined ? null : document.getElementById(copy);
  if ((source === null && address === undefined) || navigator.clipboard === undefined) continue;
  const label = button.querySelector<HTMLElement>('[data-label]') ?? button;
  const initial = label.textContent ?? '';
  let timer = 0;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const copied = await (address === undefined ? copyText(textOf(source)) : copyFetched(address)).then(
      () => true,
      () => false,
    );
    const failed = address === undefined ? 'Select and copy it by hand' : 'It did not work: show it';
    label.textContent = copied ? 'Copied' : failed;
    button.classList.toggle('done', copied);
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      label.textContent = initial;
      button.classList.remove('done');
    }, shownMs);
  });
}

/* A link that copies the text that its page asks for. It works without the script too, but then it only leads there. */
for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-copies]')) {
  const source = document.getElementById(link.dataset.copies ?? '');
  const label = link.querySelector<HTMLElement>('[data-label]');
  if (source === null || label === null || navigator.clipboard === undefined) continue;
  label.textContent = label.dataset.label ?? label.textContent;
  link.addEventListener('click', () => void copyText(textOf(source)).catch(() => {}));
}

function textOf(source: HTMLElement | null): string {
  return source instanceof HTMLInputElement ? source.value : (source?.textContent ?? '').trim();
}

function copyText(text: string): Promise<void> {
  return navigator.clipboard.writeText(text);
}

/** Safari allows this only if the clipboard gets the promise itself, directly after the press of the button. */
async function copyFetched(address: string): Promise<void> {
  const text = secretFrom(address);
  const blob = text.then((value) => new Blob([value], { type: 'text/plain' }));
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })]);
  } catch {
    await copyText(await text);
  }
}

async function secretFrom(address: string): Promise<string> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
    body: '',
    cache: 'no-store',
    redirect: 'error',
  });
  const { access_token } = (await response.json()) as { access_token?: unknown };
  if (!response.ok || typeof access_token !== 'string') throw new Error('no token');
  return access_token;
}
