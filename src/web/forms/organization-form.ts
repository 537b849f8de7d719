import { parseOrganizationName } from '../../domain/profile.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import type { Vault } from '../../vault/context.ts';
import { type Deployment, deployments } from '../../webex/deployments.ts';
import { parseOrganizationId } from '../../webex/organization-id.ts';
import { field } from '../middleware/body.ts';
import type { FieldError } from '../view-models/pages.ts';
import { fieldError, invalidField } from './form-errors.ts';

/** The fields that identify an organization: the entered values and the parsed ones. */
export interface OrganizationForm {
  values: { name: string; deployment: Deployment; orgId: string };
  /** Valid only if there are no errors. */
  profile: string;
  displayName: string | null;
  exists: boolean;
  orgId: string | undefined;
  errors: FieldError[];
}

export async function readOrganizationForm(vault: Vault, body: unknown): Promise<OrganizationForm> {
  const chosen = field(body, 'deployment');
  const values = {
    name: field(body, 'name').trim().slice(0, 200),
    deployment: deployments.find((deployment) => deployment === chosen) ?? 'commercial',
    orgId: field(body, 'orgId').trim().slice(0, 500),
  };
  const form: OrganizationForm = {
    values,
    profile: '',
    displayName: null,
    exists: false,
    orgId: undefined,
    errors: [],
  };
  if (values.name === '') {
    form.errors.push(invalidField('name', 'Enter a name for the organization.'));
  } else {
    try {
      const { name, displayName } = parseOrganizationName(values.name);
      Object.assign(form, { profile: name, displayName });
      form.exists = (await findProfile(vault.db, name)) !== null;
    } catch (error) {
      form.errors.push(fieldError(error, ['name']));
    }
  }
  if (values.orgId !== '') {
    try {
      form.orgId = parseOrganizationId(values.orgId);
    } catch (error) {
      form.errors.push(fieldError(error, ['orgId']));
    }
  }
  return form;
}
