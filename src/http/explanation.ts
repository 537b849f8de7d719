/** The explanation of a failure, for people. */
export interface Explanation {
  /** What happened. */
  message: string;
  /** What to do next. */
  help: string;
}
