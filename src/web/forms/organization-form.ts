import {
  type OrganizationName,
  parseDisplayName,
  parseOrganizationName,
  parseProfileName,
} from '../../domain/profile.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import type { Vault } from '../../vault/context.ts';
import { type Deployment, deployments } from '../../webex/deployments.ts';
import { parseOrganizationId } from '../../webex/organization-id.ts';
import { field } from '../middleware/body.ts';
import type { FieldError } from '../view-models/pages.ts';
import { fieldError, invalidField } from './form-errors.ts';

/** As entered. `technicalName` is what commands use; empty: derived from the name. */
export interface OrganizationFormValues {
  name: string;
  technicalName: string;
  deployment: Deployment;
  orgId: string;
}

/** The fields that identify an organization: the entered values and the parsed ones. */
export interface OrganizationForm {
  values: OrganizationFormValues;
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
    technicalName: field(body, 'technicalName').trim().slice(0, 200),
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
      const { name, displayName } = namesOf(values);
      Object.assign(form, { profile: name, displayName });
      form.exists = (await findProfile(vault.db, name)) !== null;
    } catch (error) {
      const wrong = fieldError(error, ['name']);
      form.errors.push(values.technicalName === '' ? wrong : { ...wrong, field: 'technicalName' });
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

/** Throws `E_PROFILE_NAME`. */
function namesOf({ name, technicalName }: OrganizationFormValues): OrganizationName {
  if (technicalName === '') return parseOrganizationName(name);
  const parsed = parseProfileName(technicalName);
  const displayName = parseDisplayName(name);
  return { name: parsed, displayName: displayName === parsed ? null : displayName };
}
