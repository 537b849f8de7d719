/** Cisco's Entra ID guide, Table 2: what Webex takes, by its own attribute names, and what Entra ID fills it from. */
interface DocumentedMapping {
  target: string;
  source: string;
  /** Mapped from the start; the others may be added. */
  byDefault: boolean;
}

const defaults: [target: string, source: string][] = [
  ['userName', 'userPrincipalName'],
  ['active', 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'],
  ['displayName', 'displayName'],
  ['name.familyName', 'surname'],
  ['name.givenName', 'givenName'],
  ['externalId', 'objectId'],
];

const additional: [target: string, source: string][] = [
  ['title', 'jobTitle'],
  ['addresses[type eq "work"].country', 'usageLocation'],
  ['addresses[type eq "work"].locality', 'city'],
  ['addresses[type eq "work"].streetAddress', 'streetAddress'],
  ['addresses[type eq "work"].region', 'state'],
  ['addresses[type eq "work"].postalCode', 'postalCode'],
  ['phoneNumbers[type eq "work"].value', 'telephoneNumber'],
  ['phoneNumbers[type eq "mobile"].value', 'mobile'],
  ['phoneNumbers[type eq "fax"].value', 'facsimileTelephoneNumber'],
];

export const documentedMappings: readonly DocumentedMapping[] = [
  ...defaults.map(([target, source]) => ({ target, source, byDefault: true })),
  ...additional.map(([target, source]) => ({ target, source, byDefault: false })),
];

/** SCIM attribute names are the same whatever their case and spaces (RFC 7643 §2.1). */
export function sameAttribute(one: string, other: string): boolean {
  const plain = (name: string) => name.replace(/\s+/g, '').toLowerCase();
  return plain(one) === plain(other);
}

/** Entra ID's attributes that hold an address like ada@acme.example. */
export const isEmailShaped: readonly string[] = ['userPrincipalName', 'mail', 'originalUserPrincipalName'];

/** Those that surely hold none. `mailNickname` is the part before the @. */
export const notMailShaped: readonly string[] = [
  'mailNickname',
  'onPremisesSamAccountName',
  'employeeId',
  'objectId',
  'displayName',
  'givenName',
  'surname',
  'onPremisesImmutableId',
  'immutableId',
  'telephoneNumber',
  'mobile',
];
