/** A failure in plain describe. */
export interface Explanation {
  /** What happened. */
  message: string;
  /** What to do next. */
  help: string;
}
