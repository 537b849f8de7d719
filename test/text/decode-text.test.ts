import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText } from '../../src/text/decode-text.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { textEncodings } from '../support/text-encodings.ts';

const utf16le = (text: string) => Buffer.from(text, 'utf16le');

describe.each(textEncodings)('text in %s', (_, encode) => {
  it.each([
    ['a token', 'fake-token-0123456789'],
    ['lines', 'profile,org_id\nacme,\n'],
    ['letters beyond ASCII', 'contact,jörg@example.com,Zoë,日本'],
    ['a character beyond 16 bits', 'a face: 😀'],
  ])('is read: %s', (_what, text) => {
    expect(decodeText(encode(text), 'It')).toBe(text);
  });

  it('has LF as its only line end afterwards', () => {
    expect(decodeText(encode('A=1\r\nB=2\rC=3\n'), 'It')).toBe('A=1\nB=2\nC=3\n');
  });

  it('is read with any content', () => {
    // Mostly ASCII, like all text that is read here.
    const text = fc
      .tuple(
        fc.stringMatching(/^[ -~\n]{8,200}$/),
        fc.stringMatching(/^[ -~\u00a0-\u00ff\u0101-\u017f]{0,8}$/),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (each) => {
        expect(decodeText(encode(each), 'It')).toBe(each);
      }),
    );
  });
});

describe('decodeText', () => {
  it('reads an empty file as empty text', () => {
    for (const [, encode] of textEncodings) expect(decodeText(encode(''), 'It')).toBe('');
  });

  it('accepts the line end that a shell appends to UTF-16', () => {
    expect(decodeText(Buffer.concat([utf16le('\ufefffake-token'), Buffer.from('\n')]), 'It')).toBe(
      'fake-token',
    );
  });

  it('removes byte order marks at the start, and keeps one within the text', () => {
    expect(decodeText(Buffer.from('\ufeff\ufeffA\ufeffB'), 'It')).toBe('A\ufeffB');
    expect(decodeText(utf16le('\ufeff\ufeffA\ufeffB'), 'It')).toBe('A\ufeffB');
    expect(decodeText(Buffer.from('A\ufeffB'), 'It')).toBe('A\ufeffB');
  });

  it.each([
    ['FF first', [0xff, 0x41]],
    ['FE second', [0x41, 0xfe]],
    ['FE first', [0xfe, 0x41]],
    ['FF second', [0x41, 0xff]],
  ])('treats half a byte order mark as none: %s', async (_, bytes) => {
    const error = await brokerErrorOf(() => decodeText(Uint8Array.from(bytes), 'It'));
    expect(error.message).toMatch(/neither UTF-8 nor UTF-16/);
  });

  it('says how to save the text', async () => {
    const error = await brokerErrorOf(() => decodeText(Buffer.from('PK\u0003\u0004'), 'It'));
    expect(error.help).toMatch(/Save it as UTF-8 .* or UTF-16/);
  });

  it('does not treat text with few zeros, or with as many on both sides, as UTF-16', async () => {
    const few = ['aaaaaaaaaaaaaaa\0', '\0aaaaaaaaaaaaaaa', 'a\0bcdefg', '\0abcdefg'];
    const onBothSides = ['\0\0\0\0', 'a\0\0\0\0a\0\0', 'a\0\0b', '\0ab\0', 'a\0a\0a\0\0b', '\0a\0a\0ab\0'];
    for (const text of [...few, ...onBothSides]) {
      const error = await brokerErrorOf(() => decodeText(Buffer.from(text), 'It'));
      expect(error.message).toMatch(/control character \(0x00\)/);
    }
  });

  it('accepts the end mark of old programs', () => {
    expect(decodeText(Buffer.from('A=1\r\n\u001a'), 'It')).toBe('A=1\n');
  });

  it.each<[string, Buffer, RegExp]>([
    ['Latin-1', Buffer.from('jörg@example.com', 'latin1'), /neither UTF-8 nor UTF-16.*code page/],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x41, 0, 0, 0]), /is in UTF-32/],
    ['an Excel workbook', Buffer.from('PK\u0003\u0004rest'), /ZIP archive or an Office document/],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /gzip/],
    ['DER', Buffer.from([0x30, 0x82, 5, 10]), /in DER/],
    ['a zero', Buffer.from('acme\0token'), /contains a control character \(0x00\)/],
    ['an escape sequence', Buffer.from('\u001b[31mred'), /\(0x1b\)/],
    ['half a surrogate pair', Buffer.concat([utf16le('\ufefftext'), Buffer.from([0, 0xd8])]), /neither/],
    ['an odd number of bytes', Buffer.concat([utf16le('\ufefftext'), Buffer.from([7])]), /neither/],
  ])('refuses %s in one line that names the file', async (_, bytes, what) => {
    const error = await brokerErrorOf(() => decodeText(bytes, 'The file /x/y', 'E_CSV'));
    expect(error).toMatchObject({ code: 'E_CSV', message: expect.stringMatching(what) });
    expect(String(error)).toMatch(/The file \/x\/y [^\n]+$/);
  });

  it('returns text or one error that repeats none of it, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          expect(decodeText(bytes, 'It')).not.toMatch(/[\0\r]/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_TEXT', message: expect.stringMatching(/^It [ -~]+$/) });
        }
      }),
    );
  });
});
