import { Series } from '../../monitoring/series.ts';

/** The upper limits of the histogram's buckets. Seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Counts in memory, for Prometheus. */
export class RequestCounts {
  readonly #requests = new Counts();
  readonly #upstreamErrors = new Counts();
  /** How many requests fall into each bucket. The last bucket has no upper limit. */
  readonly #durations = Array<number>(buckets.length + 1).fill(0);
  #totalSeconds = 0;

  add(profile: string, method: string, status: string, seconds: number): void {
    this.#requests.add(profile, method, status);
    const bucket = buckets.findIndex((limit) => seconds <= limit);
    const at = bucket === -1 ? buckets.length : bucket;
    this.#durations[at] = (this.#durations[at] ?? 0) + 1;
    this.#totalSeconds += seconds;
  }

  addUpstreamError(profile: string, reason: string): void {
    this.#upstreamErrors.add(profile, reason);
  }

  /** In the text format of Prometheus. */
  text(): string {
    const requests = new Series(
      'counter',
      'webex_token_relay_requests_total',
      'Number of requests to the SCIM relay by profile, method and status class.',
    );
    for (const [[profile = '', method = '', status = ''], count] of this.#requests.all()) {
      requests.add({ profile, method, status }, count);
    }
    const errors = new Series(
      'counter',
      'webex_token_relay_upstream_errors_total',
      'Number of requests to which Webex sent no response, an incomplete response, or 401, by profile and reason.',
    );
    for (const [[profile = '', reason = ''], count] of this.#upstreamErrors.all()) {
      errors.add({ profile, reason }, count);
    }
    return [requests.text(), this.#histogram(), errors.text()].join('');
  }

  #histogram(): string {
    const durations = new Series(
      'histogram',
      'webex_token_relay_duration_seconds',
      'Duration of requests to the SCIM relay, from the request headers to the end of the response.',
    );
    let upTo = 0;
    for (const [at, count] of this.#durations.entries()) {
      upTo += count;
      durations.add({ le: at < buckets.length ? String(buckets[at]) : '+Inf' }, upTo, '_bucket');
    }
    durations.add({}, this.#totalSeconds, '_sum');
    durations.add({}, upTo, '_count');
    return durations.text();
  }
}

/** Counts by label values. */
class Counts {
  readonly #byLabels = new Map<string, { labels: string[]; count: number }>();

  add(...labels: string[]): void {
    // No label contains a line break.
    const key = labels.join('\n');
    const known = this.#byLabels.get(key);
    if (known === undefined) this.#byLabels.set(key, { labels, count: 1 });
    else known.count += 1;
  }

  *all(): Iterable<[string[], number]> {
    for (const { labels, count } of this.#byLabels.values()) yield [labels, count];
  }
}
