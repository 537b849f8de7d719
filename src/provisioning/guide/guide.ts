import type { ProviderId } from '../../domain/providers.ts';
import type { Via } from '../push/provider-push.ts';
import type { SettingSource } from '../settings-sources.ts';

/*
 * A guide is plain data: sections of ordered steps for one profile, according to a person's answers. Pages render it.
 * It never contains the token itself.
 */

/** The address of a portal, as documented by its vendor. Pages within the portal may move. */
export interface Portal {
  title: string;
  url: string;
}

/** The value of a field in the portal. */
export type FieldValue =
  /** A value to copy unchanged. */
  | { kind: 'copy'; text: string }
  /** The profile's token, which only the page's copy button reveals. */
  | { kind: 'secret-token' }
  /** An option to choose, e.g. "On". */
  | { kind: 'choose'; text: string }
  /** A description of the person's own value. */
  | { kind: 'own'; text: string }
  /** A value that is not known yet, with the reason. */
  | { kind: 'missing'; text: string };

/** A name in a portal, and its name in older portals if that is different. */
export interface PortalName {
  current: string;
  older?: string;
}

export interface GuideField extends PortalName {
  value: FieldValue;
}

export interface GuideStep {
  /** Stable within its guide. */
  id: string;
  text: string;
  /** Where in the portal. */
  where?: PortalName;
  fields?: GuideField[];
  /** How to see that the step worked. */
  result?: string;
  /** What fails if the step is not followed. */
  caution?: string;
  source: SettingSource;
}

export interface GuideSection {
  id: string;
  title: string;
  /** Why, in one or two sentences. */
  intro?: string;
  steps: GuideStep[];
  /** For reference when needed: its steps cannot be marked as done. */
  reference?: boolean;
}

/** A question that determines which steps the guide shows. */
export interface GuideQuestion {
  id: string;
  text: string;
  options: { value: string; label: string }[];
}

export interface Guide {
  provider: ProviderId;
  title: string;
  lead: string;
  questions: GuideQuestion[];
  /** The answer to each question. */
  answers: Record<string, string>;
  sections: GuideSection[];
  /** The portals, by the first part of a step's `where`. */
  portals: Record<string, Portal>;
  /** The documents that the steps are based on, without duplicates. */
  sources: SettingSource[];
}

/** The profile that a guide is for. */
export interface GuideProfile {
  name: string;
  deployment: 'commercial' | 'government';
  orgId: string | null;
  tenantUrl: string | null;
  /** Its address at the SCIM relay. */
  relayUrl: string;
  tokenEndpoint: string;
  /** The email address of the person who signed in to Webex. */
  account: string | null;
  /** Whether a token of this profile was already installed at this provider, so that it is replaced. */
  installedBefore: boolean;
  /** How the application reaches Webex now, or most likely will. */
  via: Via;
  /** The address of the Okta organization; null while unknown. */
  oktaOrgUrl: string | null;
}

/** The answers from a query. Anything that is not an option becomes the default, or the first option. */
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

/** A guide with the sections that have steps, and the documents that they are based on. */
export function assemble(
  guide: Omit<Guide, 'sections' | 'sources'>,
  sections: (GuideSection | null)[],
): Guide {
  const kept = sections.filter((section) => section !== null && section.steps.length > 0) as GuideSection[];
  const used = new Map(kept.flatMap(({ steps }) => steps.map(({ source }) => [source.url, source] as const)));
  return { ...guide, sections: kept, sources: [...used.values()] };
}

/** The steps whose condition is true. */
export function steps(...entries: (GuideStep | false)[]): GuideStep[] {
  return entries.filter((entry) => entry !== false);
}

/** The name of a step within its guide. It does not depend on the answers. */
export function stepKey(section: Pick<GuideSection, 'id'>, step: Pick<GuideStep, 'id'>): string {
  return `${section.id}/${step.id}`;
}

/** A value to copy, or the reason why it is missing. */
export function copyOrMissing(text: string | null, missing: string): FieldValue {
  return text === null ? { kind: 'missing', text: missing } : { kind: 'copy', text };
}
