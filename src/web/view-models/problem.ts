import type { PageRemedy } from '../../errors/remedy.ts';

/** An error, as responses report it. */
export interface Problem {
  status: number;
  /** As in `BrokerError`; `E_INTERNAL` and `E_BAD_REQUEST` are codes of the web app itself. */
  code: string;
  title: string;
  detail: string;
  remedies: PageRemedy[];
}
