/** Cisco's Entra ID guide, Table 2: the attributes that Webex supports, and their sources in Entra ID. */
interface DocumentedMapping {
  target: string;
  source: string;
  /** Whether it is mapped by default. The others can be added. */
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

/** SCIM attribute names are case-insensitive (RFC 7643 §2.1); spaces do not matter either. */
export function sameAttribute(one: string, other: string): boolean {
  const plain = (name: string) => name.replace(/\s+/g, '').toLowerCase();
  return plain(one) === plain(other);
}

/** Entra ID's attributes that contain an address like ada@acme.example. */
export const emailAttributes: readonly string[] = ['userPrincipalName', 'mail', 'originalUserPrincipalName'];

/** Attributes that never contain an email address. `mailNickname` is the part before the @. */
export const nonEmailAttributes: readonly string[] = [
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
