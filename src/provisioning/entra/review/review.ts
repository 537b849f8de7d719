import { sanitizeForDisplay } from '../../../text/sanitize.ts';
import { type SettingSource, sources } from '../../settings-sources.ts';
import { documentedMappings, isEmailShaped, notMailShaped, sameAttribute } from '../documented-mappings.ts';
import type { AttributeMapping, SyncSchema, SyncSecret } from '../graph/objects.ts';
import { readableValue } from '../graph/synchronization-secrets.ts';

/** Something about a provisioning job that its administrator should know. */
export interface Finding {
  /** Stable, e.g. `user-name-source`. */
  id: string;
  /** `problem`: it goes wrong, or will. `warning`: it may. `note`: how it is. */
  level: 'problem' | 'warning' | 'note';
  /** In plain words: what it is, what it leads to, what to do. */
  message: string;
  source: SettingSource;
}

const finding = (level: Finding['level'], id: string, message: string, source: SettingSource): Finding => ({
  id,
  level,
  message,
  source,
});

/** Compares a job's schema with the mappings that Cisco documents. The problems come first. */
export function reviewSchema(schema: SyncSchema): Finding[] {
  const objects = (schema.synchronizationRules ?? []).flatMap((rule) => rule.objectMappings ?? []);
  const enabled = objects.filter((object) => object.enabled !== false);
  const users = enabled.find(({ sourceObjectName }) => /^user$/i.test(sourceObjectName ?? ''));
  if (users === undefined) {
    return [
      finding(
        'problem',
        'no-user-mapping',
        'Users are not synchronized: their mapping is missing or switched off. Switch on "Provision Microsoft Entra ID Users" under Mappings.',
        sources.ciscoEntra,
      ),
    ];
  }
  const mappings = users.attributeMappings ?? [];
  return sorted([
    ...userName(mappings),
    ...matching(mappings),
    ...missingDefaults(mappings),
    ...notTaken(mappings),
    ...nullValues(mappings),
    ...groups(enabled.some(({ sourceObjectName }) => /^group$/i.test(sourceObjectName ?? ''))),
  ]);
}

/** Looks at what is saved beside the credentials: who is told of a quarantine. */
export function reviewNotification(secrets: SyncSecret[]): Finding[] {
  const settings = notificationSettings(readableValue(secrets, 'SyncNotificationSettings'));
  if (settings?.Enabled === true && settings.Recipients) return [];
  return [
    finding(
      'warning',
      'no-notification-mail',
      'Nobody gets a mail when provisioning fails: Entra ID sends one, once, to the Notification Email. Enter one, and check the box below it.',
      sources.microsoftQuarantine,
    ),
  ];
}

function notificationSettings(text: string | null): { Enabled?: unknown; Recipients?: unknown } | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function userName(mappings: AttributeMapping[]): Finding[] {
  const mapping = mappings.find(({ targetAttributeName }) =>
    sameAttribute(targetAttributeName ?? '', 'userName'),
  );
  if (mapping === undefined) {
    const message =
      'userName is not mapped. Webex needs it: it is the mail address. Restore the default mappings.';
    return [finding('problem', 'user-name-missing', message, sources.ciscoEntra)];
  }
  const used = attributesIn(mapping);
  const known = (names: readonly string[]) =>
    used.some((name) => names.some((each) => each.toLowerCase() === name.toLowerCase()));
  if (known(isEmailShaped)) return [];
  const from = sanitizeForDisplay(mapping.source?.expression ?? mapping.source?.name ?? 'nothing', 120);
  const consequence =
    'Webex knows people by their mail address: where userName is not that, they are created anew instead of matched with the users that are there.';
  return known(notMailShaped) || used.length === 0
    ? [
        finding(
          'problem',
          'user-name-source',
          `userName is filled from ${from}, which is no mail address. ${consequence} Map userPrincipalName, or mail where that differs.`,
          sources.ciscoEntra,
        ),
      ]
    : [
        finding(
          'warning',
          'user-name-source',
          `userName is filled from ${from}. Make sure that it holds a mail address. ${consequence}`,
          sources.ciscoEntra,
        ),
      ];
}

function matching(mappings: AttributeMapping[]): Finding[] {
  const keys = mappings.filter(({ matchingPriority }) => (matchingPriority ?? 0) > 0);
  const others = keys.filter(
    ({ targetAttributeName }) => !sameAttribute(targetAttributeName ?? '', 'userName'),
  );
  if (keys.length > 0 && others.length === 0) return [];
  const message =
    keys.length === 0
      ? 'No attribute matches users with those that are in Webex already. Use userName as the matching attribute, with precedence 1.'
      : `Users are matched by ${others.map(targetOf).join(', ')}, which Webex cannot be searched by. Use userName alone as the matching attribute.`;
  return [finding('problem', 'matching-attribute', message, sources.microsoftTutorial)];
}

function missingDefaults(mappings: AttributeMapping[]): Finding[] {
  const has = (target: string) =>
    mappings.some(({ targetAttributeName }) => sameAttribute(targetAttributeName ?? '', target));
  const missing = documentedMappings
    .filter(({ target, byDefault }) => byDefault && target !== 'userName' && !has(target))
    .map(({ target }) => target);
  const findings: Finding[] = [];
  if (missing.includes('active')) {
    const message =
      'active is not mapped, so people who leave stay active in Webex. Restore the default mapping of active.';
    findings.push(finding('problem', 'active-missing', message, sources.ciscoEntra));
  }
  const rest = missing.filter((target) => target !== 'active');
  if (rest.length > 0) {
    const message = `Mapped by default, but not here: ${rest.join(', ')}. Cisco recommends the default mappings.`;
    findings.push(finding('warning', 'default-missing', message, sources.ciscoEntra));
  }
  return findings;
}

function notTaken(mappings: AttributeMapping[]): Finding[] {
  const unknown = mappings.filter(
    ({ targetAttributeName }) =>
      !documentedMappings.some(({ target }) => sameAttribute(targetAttributeName ?? '', target)),
  );
  if (unknown.length === 0) return [];
  const names = unknown.map(targetOf).join(', ');
  const message = `Cisco’s table does not list ${names}: Webex does not take such attributes. Remove the mapping.`;
  return [finding('warning', 'attribute-not-taken', message, sources.ciscoEntra)];
}

function nullValues(mappings: AttributeMapping[]): Finding[] {
  const clearable = mappings.filter(
    ({ targetAttributeName }) => !/^(userName|active|externalId)$/i.test(targetAttributeName ?? ''),
  );
  if (clearable.length === 0) return [];
  const message = `Emptying an attribute in Entra ID does not empty it in Webex: only values are sent, not that there is none. That holds for ${clearable.map(targetOf).join(', ')}.`;
  return [finding('note', 'null-values', message, sources.ciscoEntra)];
}

function groups(mapped: boolean): Finding[] {
  if (!mapped) return [];
  const message =
    'The mapping of groups is switched on. By Cisco’s guide this application synchronizes the members of assigned groups, and groups themselves only with the Wizard App in Control Hub; Microsoft’s tutorial lists groups as supported. Watch the first cycle’s log.';
  return [finding('note', 'groups-mapped', message, sources.ciscoEntra)];
}

/** The attributes of Entra ID that a mapping reads, e.g. `[mail]` within an expression. */
function attributesIn({ source }: AttributeMapping): string[] {
  const inExpression = [...(source?.expression ?? '').matchAll(/\[([^\]]+)\]/g)].map(([, name = '']) => name);
  if (inExpression.length > 0) return inExpression;
  return source?.name && source.type !== 'Constant' && source.type !== 'Function' ? [source.name] : [];
}

function targetOf({ targetAttributeName }: AttributeMapping): string {
  return sanitizeForDisplay(targetAttributeName ?? 'an attribute without a name', 100);
}

const order = { problem: 0, warning: 1, note: 2 };

export function sorted(findings: Finding[]): Finding[] {
  return findings.toSorted((one, other) => order[one.level] - order[other.level]);
}
