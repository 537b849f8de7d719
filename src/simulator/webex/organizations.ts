import { type Deployment, deployments } from '../../webex/deployments.ts';

export interface SimulatedOrganization {
  id: string;
  name: string;
  deployment: Deployment;
}

/** The administrator role of a person at Webex. `none` is an ordinary user. */
export type SimulatedRole = 'full' | 'user' | 'readonly' | 'device' | 'none';

export interface SimulatedAccount {
  /** The name of the account in tests and on the sign-in page; unique within its deployment. */
  name: string;
  organization: SimulatedOrganization;
  /** The person's id at Webex, a UUID. */
  personId: string;
  firstName: string;
  lastName: string;
  email: string;
  role: SimulatedRole;
  /** `people/me` omits `roles` for this person, regardless of the role. */
  hidesRoles: boolean;
  /** One line on the sign-in page that says what this account demonstrates. */
  hint: string;
}

export const simulatedOrganizations = {
  acme: { id: 'ac3e0001-5eed-4000-8000-000000000001', name: 'Acme Corporation', deployment: 'commercial' },
  globex: { id: '910be001-5eed-4000-8000-000000000002', name: 'Globex', deployment: 'commercial' },
  examples: {
    id: 'de9a0001-5eed-4000-8000-000000000003',
    name: 'Department of Examples',
    deployment: 'government',
  },
  samples: {
    id: 'b05a0001-5eed-4000-8000-000000000004',
    name: 'Bureau of Samples',
    deployment: 'government',
  },
} as const satisfies Record<string, SimulatedOrganization>;

interface Part {
  name: string;
  role: SimulatedRole;
  hidesRoles?: boolean;
  elsewhere?: boolean;
  hint: string;
}

/** The accounts. Each deployment has the same roles, with different people. */
const parts: Part[] = [
  { name: 'full-admin', role: 'full', hint: 'The account to choose: its token may create users.' },
  {
    name: 'user-admin',
    role: 'user',
    hint: 'Manages users in Control Hub, but the token cannot create them.',
  },
  { name: 'read-only-admin', role: 'readonly', hint: 'Sees everything, changes nothing.' },
  { name: 'device-admin', role: 'device', hint: 'Looks after devices only.' },
  { name: 'ordinary', role: 'none', hint: 'Signed in by mistake: no administrator at all.' },
  {
    name: 'no-roles',
    role: 'full',
    hidesRoles: true,
    hint: 'Webex does not say which roles this person has.',
  },
  {
    name: 'other-organization',
    role: 'full',
    elsewhere: true,
    hint: 'May do everything, but in another organization.',
  },
];

const people: Record<Deployment, string[]> = {
  commercial: [
    'Ada Nakamura',
    'Ben Okafor',
    'Carla Rossi',
    'Dmitri Novak',
    'Emma Lindqvist',
    'Farid Haddad',
    'Grace Mbeki',
  ],
  government: [
    'Hana Kowalska',
    'Isaac Moreau',
    'Julia Santos',
    'Kofi Mensah',
    'Lena Fischer',
    'Marco Bianchi',
    'Nadia Petrova',
  ],
};

const homes: Record<
  Deployment,
  [home: SimulatedOrganization, other: SimulatedOrganization, domain: string, otherDomain: string]
> = {
  commercial: [simulatedOrganizations.acme, simulatedOrganizations.globex, 'acme.example', 'globex.example'],
  government: [
    simulatedOrganizations.examples,
    simulatedOrganizations.samples,
    'examples.example',
    'samples.example',
  ],
};

export const simulatedAccounts: SimulatedAccount[] = deployments.flatMap((deployment, column) => {
  const [home, other, domain, otherDomain] = homes[deployment];
  return parts.map((part, row) => {
    const [firstName = '', lastName = ''] = (people[deployment][row] ?? '').split(' ');
    return {
      name: part.name,
      organization: part.elsewhere === true ? other : home,
      personId: `9e050000-5eed-4000-8000-00000000${column + 1}${String(row).padStart(3, '0')}`,
      firstName,
      lastName,
      email: `${firstName}.${lastName}@${part.elsewhere === true ? otherDomain : domain}`.toLowerCase(),
      role: part.role,
      hidesRoles: part.hidesRoles === true,
      hint: part.hint,
    };
  });
});

export const roleTitles: Record<SimulatedRole, string> = {
  full: 'Full administrator',
  user: 'User administrator',
  readonly: 'Read-only administrator',
  device: 'Device administrator',
  none: 'No administrator role',
};

export function displayName(account: SimulatedAccount): string {
  return `${account.firstName} ${account.lastName}`;
}
