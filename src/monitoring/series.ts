/** The content type of Prometheus's text format. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Record<string, string>;

/** One metric in Prometheus's text format, with a sample for each set of labels. */
export class Series {
  readonly #name: string;
  readonly #head: string;
  #samples = '';

  constructor(type: 'gauge' | 'counter' | 'histogram', name: string, help: string) {
    this.#name = name;
    this.#head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  /** `suffix` is for the parts of a histogram. */
  add(labels: Labels, value: number, suffix = ''): void {
    this.#samples += `${this.#name}${suffix}${labelsText(labels)} ${value}\n`;
  }

  text(): string {
    return `${this.#head}${this.#samples}\n`;
  }
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
