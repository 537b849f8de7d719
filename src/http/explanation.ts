/** A failure in plain words. */
export interface Explanation {
  /** What happened. */
  message: string;
  /** What to do next. */
  help: string;
}
