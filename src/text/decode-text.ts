import { isAscii } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { BrokerError } from '../errors/broker-error.ts';
import type { ErrorCode } from '../errors/error-codes.ts';

/*
 * Every text from outside is decoded here. Windows programs write a byte order mark or UTF-16, which people cannot see.
 */

/**
 * Decodes text in UTF-8 or UTF-16, with or without a byte order mark. Line ends become `\n`. Throws an error with the code
 * `code` for anything else. Its message starts with `name`, for example `The file /etc/x`, and never repeats the input.
 */
export function decodeText(bytes: Uint8Array, name: string, code: ErrorCode = 'E_TEXT'): string {
  const refuse = (what: string): never => {
    throw new BrokerError(code, `${name} ${what}.`, {
      help: 'It must be plain text. Save it as UTF-8 (in Excel: "CSV UTF-8") or UTF-16.',
    });
  };
  const known = knownFormat(bytes);
  if (known !== null) return refuse(`is ${known}, not text`);
  const text = decode(bytes);
  if (text === null) {
    return refuse(
      'is neither UTF-8 nor UTF-16: it has another encoding, such as a Windows code page, or is not text',
    );
  }
  const plain = text.replace(/^\ufeff+/, '').replace(/\r\n?/g, '\n');
  // Old programs end a file with Ctrl-Z.
  const whole = plain.endsWith('\u001a') ? plain.slice(0, -1) : plain;
  const control = forbidden.exec(whole)?.[0].charCodeAt(0);
  if (control === undefined) return whole;
  return refuse(
    `contains a control character (0x${control.toString(16).padStart(2, '0')}), so it is not text`,
  );
}

/** Decodes a file like `decodeText`. Errors of the file system are thrown unchanged. */
export function readTextFile(path: string, code?: ErrorCode): string {
  return decodeText(readFileSync(path), `The file ${path}`, code);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression finds control characters
const forbidden = /[\0-\x08\x0b\x0e-\x1f\x7f]/;

/** Null if the encoding is unknown. */
function decode(bytes: Uint8Array): string | null {
  const order = utf16Order(bytes);
  if (order === null) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return isAscii(buffer) ? buffer.toString('latin1') : decodeAs('utf-8', bytes);
  }
  // A shell may have appended its one-byte line end to a UTF-16 file.
  const stray = bytes.length % 2 === 1 && bytes.at(-1) === 0x0a ? 1 : 0;
  return decodeAs(order, bytes.subarray(0, bytes.length - stray));
}

function decodeAs(encoding: string, bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** How many bytes are searched for zeros. */
const sampleBytes = 65_536;

/**
 * The byte order of UTF-16, from the byte order mark or the position of zeros: in Latin letters, digits and punctuation,
 * which are most of every text here, every other byte is zero. Null if it is not UTF-16.
 */
function utf16Order(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (!bytes.includes(0)) return null;
  const zeros = { even: 0, odd: 0 };
  const sample = bytes.subarray(0, sampleBytes);
  for (let at = sample.indexOf(0); at !== -1; at = sample.indexOf(0, at + 1)) {
    zeros[at % 2 === 0 ? 'even' : 'odd'] += 1;
  }
  const enough = sample.length / 8;
  if (zeros.odd > enough && zeros.odd > 3 * zeros.even) return 'utf-16le';
  if (zeros.even > enough && zeros.even > 3 * zeros.odd) return 'utf-16be';
  return null;
}

/** Formats that people confuse with text files, by their first bytes. */
const formats: [start: readonly number[], what: string][] = [
  [[0xff, 0xfe, 0, 0], 'in UTF-32'],
  [[0, 0, 0xfe, 0xff], 'in UTF-32'],
  [[0x50, 0x4b, 0x03, 0x04], 'a ZIP archive or an Office document'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'an Office document'],
  [[0x1f, 0x8b], 'a gzip archive'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF document'],
  [[0x89, 0x50, 0x4e, 0x47], 'an image (PNG)'],
  [[0xff, 0xd8, 0xff], 'an image (JPEG)'],
  [[0x30, 0x82], 'in DER (a certificate or key in binary form)'],
  [[...Buffer.from('SQLite format 3\0')], 'an SQLite database'],
  [[0x7f, 0x45, 0x4c, 0x46], 'a program'],
];

function knownFormat(bytes: Uint8Array): string | null {
  const found = formats.find(([start]) => start.every((byte, at) => bytes[at] === byte));
  return found?.[1] ?? null;
}
