import type { Patience } from './patience.ts';
import type { ShownRequest } from './request-line.ts';
import type { StepResult } from './steps.ts';

/** What a hand-over needs of the world, and whom it tells how it goes. */
export interface HandoffPorts {
  fetch: typeof globalThis.fetch;
  patience: Patience;
  onStep: (result: StepResult) => void;
  onRequest: (request: ShownRequest) => void;
}
