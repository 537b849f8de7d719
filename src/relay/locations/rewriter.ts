import { type Addresses, isResourceName, maxNameLength } from './addresses.ts';

/** Deeper documents pass unchanged, so that nobody can fill the memory with brackets. */
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

/** What the bytes that come next belong to. */
type Part = 'structure' | 'key' | 'text' | 'address';

/**
 * Moves the addresses in a SCIM answer from Webex to the relay, as it passes: the strings `location` within `meta`, and
 * `$ref` (RFC 7643 §2.4, §3.1), where they start with the tenant URL and the name of a resource. All other bytes stay as
 * they are, whatever the document looks like. It holds back no more than the start of one such string.
 */
export class LocationRewriter {
  readonly #tenantUrl: string;
  readonly #relayUrl: Buffer;
  readonly #containers: Container[] = [];
  #part: Part = 'structure';
  /** Within a string: 1 after a backslash, 2 to 5 before the hexadecimal digits of `\u`. */
  #escape = 0;
  #codeUnit = 0;
  #key = '';
  /** The bytes of an address that are held back. */
  #held: number[] = [];
  /** How much of the tenant URL they spell. */
  #matched = 0;
  /** Where in them the tenant URL ends. */
  #heldTail = 0;
  /** What they spell after the tenant URL. */
  #tail = '';
  #off = false;

  constructor({ tenantUrl, relayUrl }: Addresses) {
    this.#tenantUrl = tenantUrl.toLowerCase();
    this.#relayUrl = Buffer.from(relayUrl);
  }

  /** The next bytes of the answer, as they go to the client. */
  push(chunk: Buffer): Buffer[] {
    if (this.#off) return [chunk];
    const out: Buffer[] = [];
    /** From where on the chunk has not been passed on. */
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#part === 'text') {
        at = this.#skipText(chunk, at);
      } else if (this.#part === 'structure') {
        if (byte === quote) {
          this.#startString();
          if (this.#isAddress()) {
            out.push(chunk.subarray(from, at + 1));
            from = at + 1;
          }
        } else this.#structure(byte);
        if (this.#off) break;
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

  /** What was held back, where the document ends within a string. */
  end(): Buffer[] {
    const held = this.#held.length === 0 ? [] : [Buffer.from(this.#held)];
    this.#held = [];
    return held;
  }

  #structure(byte: number): void {
    const top = this.#containers.at(-1);
    switch (byte) {
      case 0x7b: // {
      case 0x5b: // [
        if (this.#containers.length >= maxDepth) {
          this.#off = true;
          return;
        }
        this.#containers.push({
          isObject: byte === 0x7b,
          isMeta: top?.isObject === true && top.key === 'meta',
          expectsKey: byte === 0x7b,
          key: 'other',
        });
        return;
      case 0x7d: // }
      case 0x5d: // ]
        this.#containers.pop();
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
    const top = this.#containers.at(-1);
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

  #isAddress(): boolean {
    return this.#part === 'address';
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
      const top = this.#containers.at(-1);
      // RFC 7643 §2.1: names of attributes are case-insensitive.
      const name = this.#key.toLowerCase();
      if (top !== undefined) top.key = keys.has(name) ? (name as Key) : 'other';
      return;
    }
    const character = this.#decode(byte);
    if (character !== null && this.#key.length <= longestKey) this.#key += character;
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
      // Of the short escapes, only that of the slash occurs in an address or a key.
      return byte === slash ? '/' : '\0';
    }
    this.#codeUnit = this.#codeUnit * 16 + Number.parseInt(String.fromCharCode(byte), 16);
    this.#escape = this.#escape === 5 ? 0 : this.#escape + 1;
    return this.#escape === 0 ? String.fromCharCode(this.#codeUnit) : null;
  }
}

const closingQuote = Buffer.from('"');

function isNameCharacter(character: string, tail: string): boolean {
  return tail === '' ? character === '/' : /[A-Za-z]/.test(character);
}
