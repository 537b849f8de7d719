/** What `doctor` has to say of one thing. */
export interface Finding {
  title: string;
  /** Null: could not be told, or does not matter here. */
  ok: boolean | null;
  message: string;
  help?: string | undefined;
}
