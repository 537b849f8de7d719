import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { RawRequests } from '../../http/raw-requests.ts';
import type { RelayLimits } from '../limits.ts';
import { type Addresses, relayed } from '../locations/addresses.ts';
import { LocationRewriter } from '../locations/rewriter.ts';
import { headersForClient, onlyValue } from '../request/headers.ts';
import { contentCodings, decoderOf } from './decoder.ts';

/** Responses up to this size get a `Content-Length` if they arrive all at once. Bytes. */
const heldBytes = 65_536;

/** Bodies up to this size are sent as text. Bytes. */
const textBytes = 16_384;

/** How long the start of a response is held back to wait for the rest. Milliseconds. */
const heldMs = 25;

/** How much of the response to a rejected token is read, so that the connection can be reused. Bytes. */
const discardedBytes = 65_536;

/** How an exchange with Webex ended. */
export type Ending =
  | { kind: 'completed'; status: number }
  /** Webex responded with 401. Nothing was sent to the client yet. */
  | { kind: 'unauthorized' }
  /** `started`: the client already got the headers of the response, so its connection was closed. */
  | { kind: 'failed'; error: Error; started: boolean }
  | { kind: 'too-large'; started: boolean }
  | { kind: 'client-gone' }
  /** The client lost its access, or the server is stopping. */
  | { kind: 'revoked' | 'stopped'; started: boolean };

export interface ExchangeOptions {
  raw: RawRequests;
  request: { origin: string; path: string; method: string; headers: string[]; body: Buffer | null };
  response: ServerResponse;
  /** More headers for the client. */
  responseHeaders: Record<string, string>;
  addresses: Addresses;
  limits: RelayLimits;
  /** Called once. */
  onEnd: (ending: Ending) => void;
}

/**
 * One request to Webex, and its response on the way to the client. The request is sent once. It ends early if the client closes
 * its connection. If Webex closes the connection within a response, the client's connection is closed too, so that the response
 * does not look complete.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  #controller: Dispatcher.DispatchController | null = null;
  #timer: NodeJS.Timeout | null = null;
  #ended = false;
  /** Set if the exchange was ended before its request was sent. */
  #aborted: Error | null = null;
  #status = 0;
  /** Whether the response can have a body (RFC 9110 §6.4.1). */
  #hasBody = true;
  /** The headers of the response, until they are sent. */
  #head: OutgoingHttpHeaders | null = null;
  #rewriter: LocationRewriter | null = null;
  #createDecoder: ReturnType<typeof decoderOf> = null;
  #decoder: Transform | null = null;
  #held: Buffer[] = [];
  #heldSize = 0;
  #heldTimer: NodeJS.Timeout | null = null;
  #received = 0;
  /** The length that Webex announced; null if it did not. Bytes. */
  #announced: number | null = null;
  #decoded = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  start(): void {
    const { raw, request, response, limits } = this.#options;
    if (response.destroyed) {
      this.#end({ kind: 'client-gone' });
      return;
    }
    response.on('close', this.#onClose);
    this.#timer = setTimeout(() => this.#fail(new Error('it took too long')), limits.totalMs);
    const options = {
      ...request,
      method: request.method as Dispatcher.HttpMethod,
      headersTimeout: limits.headersMs,
      bodyTimeout: limits.idleMs,
    };
    try {
      raw.dispatch(options, this);
    } catch (error) {
      // An error here would also affect the other requests of the same batch.
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Ends the exchange early, because the client lost its access or the server is stopping. */
  abort(kind: 'revoked' | 'stopped'): void {
    this.#stop(new Error(`the request was ${kind}`), { kind, started: this.#options.response.headersSent });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted !== null) controller.abort(this.#aborted);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    // 1xx responses are only for this hop.
    if (this.#ended || status < 200) return;
    this.#status = status;
    if (status === 401) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#discard(controller), this.#options.limits.discardMs);
      return;
    }
    const { request, response, addresses, limits, responseHeaders } = this.#options;
    this.#hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
    const length = headers['content-length'];
    if (length !== undefined) this.#announced = Number(length);
    if (length !== undefined && Number(length) > limits.maxResponseBytes && this.#hasBody) {
      this.#tooLarge();
      return;
    }
    const head = { ...headersForClient(headers), ...responseHeaders };
    const location = onlyValue(headers.location);
    if (location !== undefined) head.location = relayed(location, addresses);
    if (isJson(onlyValue(headers['content-type']))) {
      const [coding, ...more] = contentCodings(headers['content-encoding']);
      this.#createDecoder = coding === undefined || more.length > 0 ? null : decoderOf(coding);
      if (coding !== undefined && this.#createDecoder === null && this.#hasBody) {
        this.#fail(
          new Error(`the response has an unknown encoding: ${[coding, ...more].join(', ').slice(0, 40)}`),
        );
        return;
      }
      delete head['content-encoding'];
      // Set once the length is known.
      this.#head = head;
      this.#rewriter = new LocationRewriter(addresses);
      return;
    }
    response.writeHead(status, {
      ...head,
      ...(length !== undefined && status !== 204 && status !== 304 && { 'Content-Length': length }),
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return;
    this.#received += chunk.length;
    if (this.#status === 401) {
      if (this.#received > discardedBytes) this.#discard(controller);
    } else if (this.#received > this.#options.limits.maxResponseBytes) {
      this.#tooLarge();
    } else if (this.#createDecoder === null) {
      this.#deliver(chunk);
    } else {
      // Only now, because a response without a body has nothing to decompress.
      this.#decoder ??= this.#decode(this.#createDecoder(chunk));
      if (!this.#decoder.write(chunk)) controller.pause();
    }
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    if (this.#status === 401) this.#end({ kind: 'unauthorized' });
    else if (this.#decoder === null) this.#finish();
    else this.#decoder.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#status === 401) this.#end({ kind: 'unauthorized' });
    // Complete after its headers. The Content-Length of a 304 is the length of the body that it does not send.
    else if (!this.#hasBody) this.#finish();
    else this.#fail(error);
  }

  /** Ends the exchange without reading the rest of the response to a rejected token. */
  #discard(controller: Dispatcher.DispatchController): void {
    controller.abort(new Error('the rest of the response is not needed'));
    this.#end({ kind: 'unauthorized' });
  }

  #decode(decoder: Transform): Transform {
    decoder.on('data', (chunk: Buffer) => {
      if (this.#ended) return;
      this.#decoded += chunk.length;
      if (this.#decoded > this.#options.limits.maxResponseBytes) this.#tooLarge();
      else this.#deliver(chunk);
    });
    decoder.on('drain', () => this.#controller?.resume());
    decoder.on('end', () => this.#finish());
    decoder.on('error', (error) => this.#fail(error));
    return decoder;
  }

  /** Forwards a chunk of the response, with its addresses rewritten. */
  #deliver(chunk: Buffer): void {
    if (this.#rewriter === null) {
      this.#write([chunk]);
      return;
    }
    const isComplete = this.#decoder === null && this.#received === this.#announced;
    const pieces = this.#rewriter.push(chunk, isComplete && chunk.length === this.#announced);
    if (this.#head === null) {
      this.#write(pieces);
      return;
    }
    this.#hold(pieces);
    if (this.#heldSize > heldBytes) this.#release();
    // The end follows immediately.
    else if (!isComplete) this.#heldTimer ??= setTimeout(() => this.#release(), heldMs);
  }

  #hold(pieces: Buffer[]): void {
    for (const piece of pieces) {
      this.#held.push(piece);
      this.#heldSize += piece.length;
    }
  }

  /** Sends what was held back, without waiting for the rest. */
  #release(): void {
    if (this.#head === null || this.#ended) return;
    this.#options.response.writeHead(this.#status, this.#head);
    this.#head = null;
    const held = this.#held;
    this.#held = [];
    this.#write(held);
  }

  #write(pieces: Buffer[]): void {
    const { response } = this.#options;
    let flowing = true;
    // Not corked, because Node would then never emit `drain`.
    for (const piece of pieces) flowing = response.write(piece);
    if (flowing) return;
    const source = this.#decoder ?? this.#controller;
    source?.pause();
    response.once('drain', () => source?.resume());
  }

  #finish(): void {
    if (this.#ended) return;
    const { response } = this.#options;
    const rest = this.#rewriter?.end() ?? [];
    if (this.#head === null) {
      if (rest.length > 0) this.#write(rest);
      response.end();
    } else {
      this.#hold(rest);
      if (this.#hasBody) this.#head['Content-Length'] = this.#heldSize;
      response.writeHead(this.#status, this.#head);
      if (this.#heldSize <= textBytes) {
        // Node sends the headers and a text body together, with one system call and without copying a buffer.
        response.end(this.#held.map((piece) => piece.toString('latin1')).join(''), 'latin1');
      } else response.end(Buffer.concat(this.#held));
    }
    this.#end({ kind: 'completed', status: this.#status });
  }

  #fail(error: Error): void {
    this.#stop(error, { kind: 'failed', error, started: this.#options.response.headersSent });
  }

  #tooLarge(): void {
    const started = this.#options.response.headersSent;
    this.#stop(new Error('the response is too large'), { kind: 'too-large', started });
  }

  #stop(error: Error, ending: Ending): void {
    if (this.#ended) return;
    const { response } = this.#options;
    this.#end(ending);
    this.#aborted = error;
    this.#controller?.abort(error);
    // A connection that stays paused would never be closed.
    this.#controller?.resume();
    this.#decoder?.destroy();
    // A clean end would make an incomplete response look complete.
    if (response.headersSent) response.destroy();
  }

  readonly #onClose = () => {
    if (!this.#options.response.writableFinished)
      this.#stop(new Error('the client closed the connection'), { kind: 'client-gone' });
  };

  #end(ending: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#heldTimer !== null) clearTimeout(this.#heldTimer);
    // The server's own limits apply to a client that reads the rest slowly.
    this.#options.response.off('close', this.#onClose);
    this.#options.onEnd(ending);
  }
}

/** Also true for a response without a type, which a client that requested JSON treats as JSON. */
function isJson(type: string | undefined): boolean {
  return type === undefined || /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type);
}
