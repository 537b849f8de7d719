/** A failure, explained to a person. */
export interface Explanation {
  /** What happened. */
  message: string;
  /** What to do next. */
  help: string;
}
