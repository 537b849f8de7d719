import { print } from './terminal.ts';

/** Prints one JSON array, element by element as they come, so that memory never holds them all. */
export class JsonArray {
  #begun = false;

  add(value: unknown): void {
    print(`${this.#begun ? ',' : '['}${JSON.stringify(value)}`);
    this.#begun = true;
  }

  addAll(values: readonly unknown[]): void {
    if (values.length === 0) return;
    const text = values.map((value) => JSON.stringify(value)).join('\n,');
    print(`${this.#begun ? ',' : '['}${text}`);
    this.#begun = true;
  }

  end(): void {
    print(this.#begun ? ']' : '[]');
  }
}
