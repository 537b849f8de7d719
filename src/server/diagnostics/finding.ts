/** The result of one check of `doctor`. */
export interface Finding {
  title: string;
  /** Null: unknown, or not relevant here. */
  ok: boolean | null;
  message: string;
  help?: string | undefined;
}
