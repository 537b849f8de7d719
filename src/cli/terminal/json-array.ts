import { escapeTerminalControls } from '../../text/sanitize.ts';
import { printExactly } from './terminal.ts';

/** Prints a JSON array element by element, so that not all elements are in memory at the same time. */
export class JsonArray {
  #started = false;

  add(value: unknown): void {
    this.#print(JSON.stringify(value));
    this.#started = true;
  }

  addAll(values: readonly unknown[]): void {
    if (values.length === 0) return;
    const text = values.map((value) => JSON.stringify(value)).join('\n,');
    this.#print(text);
    this.#started = true;
  }

  end(): void {
    printExactly(this.#started ? ']' : '[]');
  }

  #print(text: string): void {
    printExactly(`${this.#started ? ',' : '['}${escapeTerminalControls(text)}`);
  }
}
