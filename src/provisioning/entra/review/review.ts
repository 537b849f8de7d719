import { sanitizeForDisplay } from '../../../text/sanitize.ts';
import { sources } from '../../settings-sources.ts';
import {
  documentedMappings,
  emailAttributes,
  nonEmailAttributes,
  sameAttribute,
} from '../documented-mappings.ts';
import type { AttributeMapping, SyncSchema, SyncSecret } from '../graph/objects.ts';
import { readableValue } from '../graph/synchronization-secrets.ts';
import { type Finding, finding, sortFindings } from './finding.ts';

/** Compares a job's schema with the mappings that Cisco documents. Problems come first. */
export function reviewSchema(schema: SyncSchema): Finding[] {
  const objects = (schema.synchronizationRules ?? []).flatMap((rule) => rule.objectMappings ?? []);
  const enabled = objects.filter((object) => object.enabled !== false);
  const users = enabled.find(({ sourceObjectName }) => /^user$/i.test(sourceObjectName ?? ''));
  if (users === undefined) {
    return [
      finding(
        'problem',
        'no-user-mapping',
        'Users are not synchronized: the user mapping is missing or disabled. Enable "Provision Microsoft Entra ID Users" under Mappings.',
        sources.ciscoEntra,
      ),
    ];
  }
  const mappings = users.attributeMappings ?? [];
  return sortFindings([
    ...userName(mappings),
    ...matching(mappings),
    ...missingDefaults(mappings),
    ...unsupported(mappings),
    ...nullValues(mappings),
    ...groups(enabled.some(({ sourceObjectName }) => /^group$/i.test(sourceObjectName ?? ''))),
  ]);
}

/** Checks who gets an email when the job goes into quarantine. */
export function reviewNotification(secrets: SyncSecret[]): Finding[] {
  const settings = notificationSettings(readableValue(secrets, 'SyncNotificationSettings'));
  if (settings?.Enabled === true && settings.Recipients) return [];
  return [
    finding(
      'warning',
      'no-notification-mail',
      'No one gets an email when provisioning fails. Enter a Notification Email and check the box below it. Entra ID then sends one email.',
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
      'userName is not mapped. Webex requires it as the email address. Restore the default mappings.';
    return [finding('problem', 'user-name-missing', message, sources.ciscoEntra)];
  }
  const used = attributesIn(mapping);
  const known = (names: readonly string[]) =>
    used.some((name) => names.some((each) => each.toLowerCase() === name.toLowerCase()));
  if (known(emailAttributes)) return [];
  const from = sanitizeForDisplay(mapping.source?.expression ?? mapping.source?.name ?? 'nothing', 120);
  const consequence =
    'Webex identifies users by email address. With any other userName, existing users are not matched and duplicates are created.';
  return known(nonEmailAttributes) || used.length === 0
    ? [
        finding(
          'problem',
          'user-name-source',
          `userName is mapped to ${from}, which is not an email address. ${consequence} Map it to userPrincipalName, or to mail if that is different.`,
          sources.ciscoEntra,
        ),
      ]
    : [
        finding(
          'warning',
          'user-name-source',
          `userName is mapped to ${from}. Make sure that it is an email address. ${consequence}`,
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
      ? 'No attribute matches users with existing Webex users. Use userName as the matching attribute, with precedence 1.'
      : `Users are matched by ${others.map(targetOf).join(', ')}, which Webex cannot search by. Use only userName as the matching attribute.`;
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
      'active is not mapped, so users who leave stay active in Webex. Restore the default mapping of active.';
    findings.push(finding('problem', 'active-missing', message, sources.ciscoEntra));
  }
  const rest = missing.filter((target) => target !== 'active');
  if (rest.length > 0) {
    const message = `Missing default mappings: ${rest.join(', ')}. Cisco recommends the default mappings.`;
    findings.push(finding('warning', 'default-missing', message, sources.ciscoEntra));
  }
  return findings;
}

function unsupported(mappings: AttributeMapping[]): Finding[] {
  const unknown = mappings.filter(
    ({ targetAttributeName }) =>
      !documentedMappings.some(({ target }) => sameAttribute(targetAttributeName ?? '', target)),
  );
  if (unknown.length === 0) return [];
  const names = unknown.map(targetOf).join(', ');
  const message = `Cisco’s documentation does not list ${names}, so Webex does not support this. Remove the mapping.`;
  return [finding('warning', 'attribute-not-taken', message, sources.ciscoEntra)];
}

function nullValues(mappings: AttributeMapping[]): Finding[] {
  const clearable = mappings.filter(
    ({ targetAttributeName }) => !/^(userName|active|externalId)$/i.test(targetAttributeName ?? ''),
  );
  if (clearable.length === 0) return [];
  const message = `Clearing an attribute in Entra ID does not clear it in Webex, because Entra ID only sends values. This affects ${clearable.map(targetOf).join(', ')}.`;
  return [finding('note', 'null-values', message, sources.ciscoEntra)];
}

function groups(mapped: boolean): Finding[] {
  if (!mapped) return [];
  const message =
    'The group mapping is enabled. According to Cisco’s guide, this application synchronizes the members of assigned groups; only the Wizard App in Control Hub synchronizes groups themselves. Microsoft’s tutorial lists groups as supported. Check the log of the first cycle.';
  return [finding('note', 'groups-mapped', message, sources.ciscoEntra)];
}

/** The Entra ID attributes that a mapping reads, such as `[mail]` in an expression. */
function attributesIn({ source }: AttributeMapping): string[] {
  const inExpression = [...(source?.expression ?? '').matchAll(/\[([^\]]+)\]/g)].map(([, name = '']) => name);
  if (inExpression.length > 0) return inExpression;
  return source?.name && source.type !== 'Constant' && source.type !== 'Function' ? [source.name] : [];
}

function targetOf({ targetAttributeName }: AttributeMapping): string {
  return sanitizeForDisplay(targetAttributeName ?? 'an attribute without a name', 100);
}
