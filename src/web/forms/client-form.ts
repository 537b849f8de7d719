import { relayRights } from '../../domain/client.ts';
import type { ClientRequest } from '../../vault/clients/clients.ts';
import type { Vault } from '../../vault/context.ts';
import { field, fields } from '../middleware/body.ts';
import type { ClientFormValues, FieldError } from '../view-models/pages.ts';
import { invalidField } from './form-errors.ts';
import { namedOrganizations, separated } from './named-organizations.ts';

/** The form that adds an API client: the entered values and the parsed request. */
export interface ClientForm {
  values: ClientFormValues;
  /** Valid only if there are no errors. */
  request: ClientRequest;
  errors: FieldError[];
}

export async function readClientForm(vault: Vault, body: unknown): Promise<ClientForm> {
  const values = {
    name: field(body, 'name').trim().slice(0, 200),
    use: field(body, 'use') || 'tokens',
    profiles: fields(body, 'profiles')
      .flatMap((text) => separated(text, /[\r\n]/))
      .slice(0, 10_000),
    until: field(body, 'until').trim().slice(0, 30),
    addresses: field(body, 'addresses').trim().slice(0, 2_000),
    jwks: field(body, 'jwks').trim().slice(0, 20_000),
    issuer: field(body, 'issuer').trim().slice(0, 1_000),
    subject: field(body, 'subject').trim().slice(0, 1_000),
    audience: field(body, 'audience').trim().slice(0, 1_000),
    anyScope: field(body, 'anyScope') !== '',
  };
  const errors: FieldError[] = [];
  const expiresAt = endOfDay(values.until);
  if (values.name === '') {
    errors.push(invalidField('name', 'Enter a name for the client.', 'The name is its client_id.'));
  }
  const rights = relayRights.find((each) => each === values.use);
  if (rights === undefined && values.use !== 'tokens') {
    errors.push(invalidField('use', 'Choose what the client does.', 'Choose one of the listed values.'));
  }
  const organizations = await namedOrganizations(vault, values.profiles, 'profiles');
  errors.push(...organizations.errors);
  if (values.profiles.length === 0) {
    const help = 'The client has access to these organizations only.';
    errors.push(invalidField('profiles', 'Choose at least one organization.', help));
  }
  if (rights !== undefined && organizations.names.length > 1) {
    const help = 'Add one client for each organization.';
    errors.push(invalidField('profiles', 'A client of the SCIM relay has one organization.', help));
  }
  if (rights !== undefined && values.jwks !== '') {
    const help = 'Provisioning tools send a fixed secret. Leave the keys empty.';
    errors.push(invalidField('jwks', 'A client of the SCIM relay has a secret instead of keys.', help));
  }
  const { issuer, subject, audience, anyScope } = values;
  const hasIdentity = [issuer, subject, audience].some((each) => each !== '') || anyScope;
  if (hasIdentity) errors.push(...identityErrors(values, rights !== undefined));
  if (Number.isNaN(expiresAt)) {
    errors.push(invalidField('until', 'This is not a date.', 'For example 2027-12-31.'));
  }
  return {
    values,
    errors,
    request: {
      name: values.name,
      profiles: organizations.names,
      expiresAt,
      addresses: words(values.addresses),
      ...(values.jwks !== '' && { jwks: values.jwks }),
      ...(hasIdentity && { workloadIdentity: { issuer, subject, audience, anyScope } }),
      ...(rights !== undefined && { relayRights: rights }),
    },
  };
}

/** Fields that are missing for a workload identity, or that conflict with it. */
function identityErrors(values: ClientFormValues, isRelay: boolean): FieldError[] {
  if (isRelay) {
    const help = 'Provisioning tools send a fixed secret. Leave the issuer, subject and audience empty.';
    return [invalidField('issuer', 'A client of the SCIM relay has a secret instead of a JWT.', help)];
  }
  if (values.jwks !== '') {
    const help = 'Leave the public keys empty, or the issuer, subject and audience.';
    return [invalidField('jwks', 'A client has either its own keys or the JWT of another issuer.', help)];
  }
  return (['issuer', 'subject', 'audience'] as const)
    .filter((name) => values[name] === '')
    .map((name) =>
      invalidField(name, `Enter the ${name}.`, 'The JWT is checked for its issuer, subject and audience.'),
    );
}

function words(text: string): string[] {
  return text.split(/[\s,;]+/).filter((word) => word !== '');
}

/** The last millisecond of a day in the local time zone; null if empty, NaN if invalid. */
function endOfDay(text: string): number | null {
  if (text === '') return null;
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year === undefined) return Number.NaN;
  const next = new Date(Number(year), Number(month) - 1, Number(day) + 1);
  const end = new Date(next.getTime() - 1);
  return end.getMonth() === Number(month) - 1 && end.getDate() === Number(day) ? end.getTime() : Number.NaN;
}
