/** All encodings in which a secret, or half of it, could appear. */
export function tracesOf(secret: string): string[] {
  const middle = Math.floor(secret.length / 2);
  return [secret, secret.slice(0, middle), secret.slice(middle)].flatMap((part) => {
    const bytes = Buffer.from(part);
    const percent = [...bytes].map((byte) => `%${byte.toString(16)}`).join('');
    return [part, bytes.toString('hex'), percent, encodeURIComponent(part), ...inBase64(bytes)];
  });
}

/** In base64, the encoding depends on the position in the text: three variants, without the characters at the ends that others share. */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const text = whole.subarray(0, whole.length - (whole.length % 3)).toString('base64');
    const own = text.slice(before === 0 ? 0 : 4);
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/** The traces of a secret in a text or in bytes, case-insensitive. */
export function tracesIn(content: string | Buffer, secret: string): string[] {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
  const text = bytes.toString('latin1').toLowerCase();
  const wide = bytes.toString('utf16le').toLowerCase();
  return tracesOf(secret).filter(
    (trace) => text.includes(trace.toLowerCase()) || wide.includes(trace.toLowerCase()),
  );
}
