import type { SimulatedAccount, SimulatedOrganization } from './organizations.ts';
import type { UserAttributes } from './user-directory.ts';

type Person = Pick<SimulatedAccount, 'firstName' | 'lastName' | 'email'>;

/** The users besides the accounts that can sign in: two pages for a test that requests pages of two. */
const colleagues = [
  ['Olga', 'Svensson'],
  ['Peter', 'Adeyemi'],
  ['Quinn', 'Delgado'],
] as const;

/** The users of an organization at the start: its accounts and a few colleagues. */
export function seedUsers(
  organization: SimulatedOrganization,
  accounts: SimulatedAccount[],
): UserAttributes[] {
  const domain = accounts[0]?.email.split('@')[1] ?? 'example.org';
  const others = colleagues.map(([firstName, lastName]) => ({
    firstName,
    lastName,
    email: `${firstName}.${lastName}@${domain}`.toLowerCase(),
  }));
  return [...accounts, ...others].map((person) => userOf(person, organization));
}

function userOf({ firstName, lastName, email }: Person, organization: SimulatedOrganization): UserAttributes {
  return {
    userName: email,
    displayName: `${firstName} ${lastName}`,
    name: { givenName: firstName, familyName: lastName },
    emails: [{ value: email, type: 'work', primary: true }],
    active: true,
    title: `Works at ${organization.name}`,
  };
}
