import * as z from 'zod';
import type { SettingSource } from '../../settings-sources.ts';

const storedFinding = z.object({
  /** Stable, e.g. `user-name-source`. */
  id: z.string(),
  /** `problem`: it fails, or will. `warning`: it may. `note`: how it is. */
  level: z.enum(['problem', 'warning', 'note']),
  /** What it is, what it leads to, what to do. */
  message: z.string(),
  source: z.object({ title: z.string(), url: z.string() }),
});

/** Something about a provisioning job that its administrator should know. */
export type Finding = z.infer<typeof storedFinding>;

export function finding(
  level: Finding['level'],
  id: string,
  message: string,
  source: SettingSource,
): Finding {
  return { id, level, message, source };
}

/** The stored findings, without those that another version of this program stored in another form. */
export function parseFindings(stored: readonly unknown[]): Finding[] {
  return stored.flatMap((each) => storedFinding.safeParse(each).data ?? []);
}

const order = { problem: 0, warning: 1, note: 2 };

/** The problems first. */
export function sortFindings(findings: Finding[]): Finding[] {
  return findings.toSorted((one, other) => order[one.level] - order[other.level]);
}
