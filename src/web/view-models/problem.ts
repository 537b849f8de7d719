/** What a person or program is told of a failure. */
export interface Failure {
  status: number;
  /** As in `BrokerError`. */
  code: string;
  title: string;
  detail: string;
  help: string | null;
}
