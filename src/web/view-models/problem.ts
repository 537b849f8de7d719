/** What a person or program is told of a failure. */
export interface Problem {
  status: number;
  /** As in `BrokerError`. */
  code: string;
  title: string;
  detail: string;
  help: string | null;
}
