/** Limits the total memory for request bodies, and each client's share of it. */
export class BodyBudget {
  readonly #maxBytes: number;
  readonly #byClient = new Map<string, number>();
  #used = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Reserves memory. False if there is not enough, or if the client would use more than a quarter of the total. */
  take(client: string, bytes: number): boolean {
    const held = (this.#byClient.get(client) ?? 0) + bytes;
    if (this.#used + bytes > this.#maxBytes || held > this.#maxBytes / 4) return false;
    this.#used += bytes;
    this.#byClient.set(client, held);
    return true;
  }

  give(client: string, bytes: number): void {
    this.#used -= bytes;
    const left = (this.#byClient.get(client) ?? 0) - bytes;
    if (left > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
  }
}
