import { type Addresses, isResourceName, maxNameLength, relayed } from './addresses.ts';

/** Documents that are nested more deeply pass unchanged, so that no one can fill the memory with brackets. */
const maxDepth = 256;

const quote = 0x22;
const backslash = 0x5c;
const slash = 0x2f;

type Key = 'meta' | 'location' | '$ref' | 'other';

const keys: ReadonlySet<string> = new Set<Key>(['meta', 'location', '$ref']);
const longestKey = 8;

interface Container {
  isObject: boolean;
  /** The value of the key `meta`. */
  isMeta: boolean;
  /** Whether the next string is a key. */
  expectsKey: boolean;
  /** The latest key. */
  key: Key;
}

/** The part of the document that the next bytes belong to. */
type Part = 'structure' | 'key' | 'text' | 'address';

/**
 * Rewrites addresses in a SCIM response while it passes, so that they point to the relay instead of Webex. It rewrites the
 * strings `location` within `meta`, and `$ref` (RFC 7643 §2.4, §3.1), if they start with the tenant URL and the name of a
 * resource. All other bytes stay as they are, even in an invalid document. At most the start of one such string is buffered.
 */
export class LocationRewriter {
  readonly #addresses: Addresses;
  readonly #tenantUrl: string;
  readonly #relayUrl: Buffer;
  readonly #containers: Container[] = [];
  /** The innermost container. */
  #top: Container | undefined;
  #part: Part = 'structure';
  /** Within a string: 1 after a backslash, 2 to 5 before the hexadecimal digits of `\u`. */
  #escape = 0;
  #codeUnit = 0;
  #key = '';
  /** The buffered bytes of an address. */
  #held: number[] = [];
  /** How many characters of the tenant URL they match. */
  #matched = 0;
  /** The index in these bytes where the tenant URL ends. */
  #heldTail = 0;
  /** Their decoded text after the tenant URL. */
  #tail = '';
  #off = false;

  constructor(addresses: Addresses) {
    const { tenantUrl, relayUrl } = addresses;
    this.#addresses = addresses;
    this.#tenantUrl = tenantUrl.toLowerCase();
    this.#relayUrl = Buffer.from(relayUrl);
  }

  /** Rewrites the next bytes of the response for the client. `isWhole`: they are the whole response. */
  push(chunk: Buffer, isWhole = false): Buffer[] {
    if (this.#off || (isWhole && !mayHaveAddress(chunk))) return [chunk];
    const out: Buffer[] = [];
    /** The index up to which the chunk has been passed on. */
    let from = 0;
    const strings = new PlainStrings(chunk);
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#part === 'text') {
        at = this.#skipText(chunk, at);
      } else if (this.#part === 'structure') {
        if (byte !== quote) {
          this.#structure(byte);
          if (this.#off) break;
          continue;
        }
        this.#startString();
        const end = strings.endOf(at + 1);
        if (end !== -1) {
          if (this.#isIn('address') && this.#isOwn(chunk.toString('latin1', at + 1, end))) {
            out.push(chunk.subarray(from, at + 1), this.#relayUrl);
            from = at + 1 + this.#tenantUrl.length;
          } else if (this.#isIn('key')) {
            if (mayBeKey(chunk, at + 1, end)) this.#endKey(chunk.toString('latin1', at + 1, end));
            else if (this.#top !== undefined) this.#top.key = 'other';
          }
          this.#part = 'structure';
          at = end;
        } else if (this.#isIn('address')) {
          out.push(chunk.subarray(from, at + 1));
          from = at + 1;
        }
      } else if (this.#part === 'key') {
        this.#readKey(byte);
      } else {
        this.#readAddress(byte, out);
        from = at + 1;
      }
    }
    if (from < chunk.length) out.push(from === 0 ? chunk : chunk.subarray(from));
    return out;
  }

  #isOwn(address: string): boolean {
    return relayed(address, this.#addresses) !== address;
  }

  /** The buffered bytes, if the document ends within a string. */
  end(): Buffer[] {
    const held = this.#held.length === 0 ? [] : [Buffer.from(this.#held)];
    this.#held = [];
    return held;
  }

  #structure(byte: number): void {
    const top = this.#top;
    switch (byte) {
      case 0x7b: // {
      case 0x5b: // [
        if (this.#containers.length >= maxDepth) {
          this.#off = true;
          return;
        }
        this.#top = {
          isObject: byte === 0x7b,
          isMeta: top?.isObject === true && top.key === 'meta',
          expectsKey: byte === 0x7b,
          key: 'other',
        };
        this.#containers.push(this.#top);
        return;
      case 0x7d: // }
      case 0x5d: // ]
        this.#containers.pop();
        this.#top = this.#containers.at(-1);
        return;
      case 0x2c: // ,
        if (top !== undefined) {
          top.expectsKey = top.isObject;
          top.key = 'other';
        }
        return;
      case 0x3a: // :
        if (top !== undefined) top.expectsKey = false;
    }
  }

  #startString(): void {
    const top = this.#top;
    this.#escape = 0;
    if (top?.expectsKey) {
      this.#part = 'key';
      this.#key = '';
    } else {
      const isAddress = top?.isObject && (top.key === '$ref' || (top.key === 'location' && top.isMeta));
      this.#part = isAddress ? 'address' : 'text';
      this.#matched = 0;
      this.#heldTail = 0;
      this.#tail = '';
    }
  }

  #isIn(part: Part): boolean {
    return this.#part === part;
  }

  /** Returns the index of the last byte that was read. */
  #skipText(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#escape === 1) {
      this.#escape = 0;
      at += 1;
    }
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === quote) {
        this.#part = 'structure';
        return at;
      }
      if (byte === backslash) {
        at += 1;
        if (at === chunk.length) this.#escape = 1;
      }
    }
    return at;
  }

  #readKey(byte: number): void {
    if (byte === quote && this.#escape === 0) {
      this.#part = 'structure';
      this.#endKey(this.#key);
      return;
    }
    const character = this.#decode(byte);
    if (character !== null && this.#key.length <= longestKey) this.#key += character;
  }

  #endKey(text: string): void {
    if (this.#top === undefined) return;
    // RFC 7643 §2.1: attribute names are case-insensitive.
    const name = text.toLowerCase();
    this.#top.key = keys.has(name) ? (name as Key) : 'other';
  }

  #readAddress(byte: number, out: Buffer[]): void {
    const ends = byte === quote && this.#escape === 0;
    const character = ends ? '' : this.#decode(byte);
    if (!ends) this.#held.push(byte);
    if (character === null) return;
    if (this.#matched < this.#tenantUrl.length) {
      if (!ends && character.toLowerCase() === this.#tenantUrl[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#tenantUrl.length) this.#heldTail = this.#held.length;
        return;
      }
      this.#passOn(false, ends, out);
      return;
    }
    if (!ends && this.#tail.length <= maxNameLength && isNameCharacter(character, this.#tail)) {
      this.#tail += character;
      return;
    }
    const isOwn = /^[/?#]?$/.test(character) && this.#tail[0] === '/' && isResourceName(this.#tail.slice(1));
    this.#passOn(isOwn, ends, out);
  }

  #passOn(moved: boolean, ended: boolean, out: Buffer[]): void {
    if (moved) out.push(this.#relayUrl, Buffer.from(this.#held.slice(this.#heldTail)));
    else if (this.#held.length > 0) out.push(Buffer.from(this.#held));
    if (ended) out.push(closingQuote);
    this.#held = [];
    this.#part = ended ? 'structure' : 'text';
    this.#escape = 0;
  }

  /** The next character of a string, as a UTF-16 code unit or a byte of UTF-8; null within an escape sequence. */
  #decode(byte: number): string | null {
    if (this.#escape === 0) {
      if (byte !== backslash) return String.fromCharCode(byte);
      this.#escape = 1;
      return null;
    }
    if (this.#escape === 1) {
      this.#escape = byte === 0x75 ? 2 : 0;
      this.#codeUnit = 0;
      if (this.#escape === 2) return null;
      // Of the short escapes, only the escaped slash occurs in an address or a key.
      return byte === slash ? '/' : '\0';
    }
    this.#codeUnit = this.#codeUnit * 16 + Number.parseInt(String.fromCharCode(byte), 16);
    this.#escape = this.#escape === 5 ? 0 : this.#escape + 1;
    return this.#escape === 0 ? String.fromCharCode(this.#codeUnit) : null;
  }
}

const closingQuote = Buffer.from('"');

/** Without an escape sequence, every address has these characters. */
function mayHaveAddress(chunk: Buffer): boolean {
  return chunk.includes('://') || chunk.includes(backslash);
}

/** Finds the end of plain strings, which nearly all are: without an escape sequence, and within one chunk. */
class PlainStrings {
  readonly #chunk: Buffer;
  /** The index of the next backslash in the chunk; the length of the chunk if there is none. */
  #escape = -1;

  constructor(chunk: Buffer) {
    this.#chunk = chunk;
  }

  /** The index of the closing quote of a string that starts here; -1 if it is not a plain string. */
  endOf(start: number): number {
    const chunk = this.#chunk;
    const near = Math.min(start + nearBytes, chunk.length);
    for (let at = start; at < near; at += 1) {
      const byte = chunk[at];
      if (byte === quote) return at;
      if (byte === backslash) return -1;
    }
    // Native code searches long strings faster, but calling it takes as long as searching a few dozen bytes here.
    const end = chunk.indexOf(quote, near);
    if (this.#escape < near) {
      const next = chunk.indexOf(backslash, near);
      this.#escape = next === -1 ? chunk.length : next;
    }
    return end < this.#escape ? end : -1;
  }
}

const nearBytes = 64;

/** A cheap first check, because decoding every key with native code would take most of the time. */
function mayBeKey(chunk: Buffer, start: number, end: number): boolean {
  const length = end - start;
  return (length === 4 || length === 8) && keyStarts.includes(chunk[start] as number);
}

const keyStarts = Buffer.from('mMlL$');

function isNameCharacter(character: string, tail: string): boolean {
  return tail === '' ? character === '/' : /[A-Za-z]/.test(character);
}
