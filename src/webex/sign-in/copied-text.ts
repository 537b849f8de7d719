/*
 * Undoes changes that email programs, chats and web pages make to a copied address or token: they encode characters, wrap lines
 * and add characters.
 */

const entities: Record<string, string> = {
  amp: '&',
  num: '#',
  equals: '=',
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  colon: ':',
  sol: '/',
  lowbar: '_',
  period: '.',
  percnt: '%',
  nbsp: ' ',
  shy: '',
  zwsp: '',
};

const entity = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi;

/** How many times a text may have been encoded. */
const mostTimes = 5;

/** Removes HTML entities, percent encoding and invisible characters that copying added. */
export function undoCopying(text: string): string {
  const plain = repeatedly(text, decodeEntities).replace(/\p{Cf}/gu, '');
  // The whole address is encoded, as in a link that a mail filter has rewritten.
  const decoded = repeatedly(plain, (each) =>
    /(?:access_token|error)=/.test(each) || !/(?:access_token|error)%(?:25)*3D/i.test(each)
      ? each
      : decodePercent(each),
  );
  return decoded.replace(/%(?:25)*23(?=(?:access_token|error)=)/i, '#');
}

/** The lines of a text without the quotation marks of emails, joined if they were one line. */
export function linesOf(text: string): string[] {
  return text.split(/[\r\n\u2028\u2029]/).map((line) => line.replace(/^[\s>]+/, '').trimEnd());
}

function repeatedly(text: string, change: (text: string) => string): string {
  let now = text;
  for (let times = 0; times < mostTimes; times += 1) {
    const next = change(now);
    if (next === now) break;
    now = next;
  }
  return now;
}

function decodeEntities(text: string): string {
  return text.replace(entity, (found, decimal?: string, hexadecimal?: string, name?: string) => {
    if (name !== undefined) return entities[name.toLowerCase()] ?? found;
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
    // Only characters that an address can contain. Others are kept, and rejected later.
    return code === 0xa0 || (code >= 0x20 && code < 0x7f)
      ? String.fromCharCode(code)
      : code === 0xad
        ? ''
        : found;
  });
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
