import type { Transform } from 'node:stream';
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib';

/** The content codings of a body (RFC 9110 §8.4), in lower case. */
export function contentCodings(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  const all = String(header)
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim());
  return all.filter((coding) => coding !== '' && coding !== 'identity');
}

type Decoder = (start: Buffer) => Transform;

/**
 * Returns a decoder for a content coding (RFC 9110 §8.4.1), which needs the start of the body; null if the coding is unknown.
 * Requests to Webex ask for none, because the addresses in the response are changed, but Webex may use one anyway.
 */
export function decoderOf(coding: string): Decoder | null {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return () => createGunzip();
    case 'deflate':
      // Some servers leave out the zlib header, whose lowest bits are 8 (RFC 1950 §2.2).
      return ([first = 0]) => ((first & 0x0f) === 8 ? createInflate() : createInflateRaw());
    case 'br':
      return () => createBrotliDecompress();
    case 'zstd':
      return () => createZstdDecompress();
    default:
      return null;
  }
}
