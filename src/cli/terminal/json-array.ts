import { escapeTerminalControls } from '../../text/sanitize.ts';
import { printExactly } from './terminal.ts';

/** Prints one JSON array, element by element as they come, so that memory never holds them all. */
export class JsonArray {
  #begun = false;

  add(value: unknown): void {
    this.#print(JSON.stringify(value));
    this.#begun = true;
  }

  addAll(values: readonly unknown[]): void {
    if (values.length === 0) return;
    const text = values.map((value) => JSON.stringify(value)).join('\n,');
    this.#print(text);
    this.#begun = true;
  }

  end(): void {
    printExactly(this.#begun ? ']' : '[]');
  }

  #print(text: string): void {
    printExactly(`${this.#begun ? ',' : '['}${escapeTerminalControls(text)}`);
  }
}
