import type { SettingSource } from '../settings-sources.ts';

/*
 * A guide is plain data: sections of ordered steps, made for one profile and the answers that a person gave. Pages
 * render it, and so could anything else. The token itself is never in it.
 */

/** What goes into a field of the portal. */
export type FieldValue =
  /** To be copied as it is. */
  | { kind: 'copy'; text: string }
  /** The profile's token, which only the page's own copy button hands out. */
  | { kind: 'secret-token' }
  /** To be chosen or switched, e.g. "On". */
  | { kind: 'choose'; text: string }
  /** The person's own, described. */
  | { kind: 'own'; text: string }
  /** Not known yet, and why. */
  | { kind: 'missing'; text: string };

/** A name in a portal: as it reads today, and, where that differs, as it read in Azure AD's days. */
export interface PortalName {
  current: string;
  older?: string;
}

export interface GuideField extends PortalName {
  value: FieldValue;
}

export interface GuideStep {
  /** Stable within its guide, for a list of what is done. */
  id: string;
  text: string;
  /** Where in the portal. */
  where?: PortalName;
  fields?: GuideField[];
  /** How to see that it went well. */
  result?: string;
  /** What goes wrong otherwise. */
  caution?: string;
  source: SettingSource;
}

export interface GuideSection {
  id: string;
  title: string;
  /** In one or two sentences, why. */
  intro?: string;
  steps: GuideStep[];
}

/** Something the guide asks, so that it shows only the steps that this person needs. */
export interface GuideQuestion {
  id: string;
  text: string;
  options: { value: string; label: string }[];
}

export interface Guide {
  tool: 'entra' | 'okta';
  title: string;
  lead: string;
  questions: GuideQuestion[];
  /** The answer in force for each question. */
  answers: Record<string, string>;
  sections: GuideSection[];
  /** Each document that a step rests on, once. */
  sources: SettingSource[];
}

/** What the guide is made for. */
export interface GuideProfile {
  name: string;
  deployment: 'commercial' | 'government';
  orgId: string | null;
  tenantUrl: string | null;
  /** The mail address of the person who signed in to Webex. */
  account: string | null;
  /** Whether this tool has had a token of this profile before: then it is to be replaced, not set up. */
  handedOverBefore: boolean;
}

/** Answers as they came, e.g. of a query: what is not one of the options falls back on the first, or on `defaults`. */
export function resolveAnswers(
  questions: GuideQuestion[],
  given: Record<string, unknown>,
  defaults: Record<string, string> = {},
): Record<string, string> {
  return Object.fromEntries(
    questions.map(({ id, options }) => {
      const chosen =
        options.find(({ value }) => value === given[id]) ??
        options.find(({ value }) => value === defaults[id]);
      return [id, (chosen ?? options[0])?.value ?? ''];
    }),
  );
}

/** The sections that have steps, with the documents that they rest on. */
export function assemble(
  guide: Omit<Guide, 'sections' | 'sources'>,
  sections: (GuideSection | null)[],
): Guide {
  const kept = sections.filter((section) => section !== null && section.steps.length > 0) as GuideSection[];
  const used = new Map(kept.flatMap(({ steps }) => steps.map(({ source }) => [source.url, source] as const)));
  return { ...guide, sections: kept, sources: [...used.values()] };
}

/** The steps for which the condition holds. */
export function steps(...entries: (GuideStep | false)[]): GuideStep[] {
  return entries.filter((entry) => entry !== false);
}

/** A value to copy, or why there is none. */
export function copyOrMissing(text: string | null, missing: string): FieldValue {
  return text === null ? { kind: 'missing', text: missing } : { kind: 'copy', text };
}
