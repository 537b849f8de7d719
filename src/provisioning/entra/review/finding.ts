import { isObject } from '../../../text/json-shape.ts';
import type { SettingSource } from '../../settings-sources.ts';

/** Something about a provisioning job that its administrator should know. */
export interface Finding {
  /** Stable, e.g. `user-name-source`. */
  id: string;
  /** `problem`: provisioning fails or will fail. `warning`: it may fail. `note`: for information. */
  level: 'problem' | 'warning' | 'note';
  /** What was found, its consequence, and what to do. */
  message: string;
  source: { title: string; url: string };
}

export function finding(
  level: Finding['level'],
  id: string,
  message: string,
  source: SettingSource,
): Finding {
  return { id, level, message, source };
}

/** The stored findings, without those that another version of this program stored in a different format. */
export function parseFindings(stored: readonly unknown[]): Finding[] {
  return stored.filter(isFinding);
}

function isFinding(value: unknown): value is Finding {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    typeof value.level === 'string' &&
    Object.hasOwn(order, value.level) &&
    typeof value.message === 'string' &&
    isObject(value.source) &&
    typeof value.source.title === 'string' &&
    typeof value.source.url === 'string'
  );
}

const order = { problem: 0, warning: 1, note: 2 };

/** Sorts findings: problems first. */
export function sortFindings(findings: Finding[]): Finding[] {
  return findings.toSorted((one, other) => order[one.level] - order[other.level]);
}
