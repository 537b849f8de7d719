import * as z from 'zod';
import type { SignInSettings } from './settings.ts';
import { tokenForms } from './token-formats.ts';

interface Choice {
  value: string;
  title: string;
}

interface Question {
  field: string;
  label: string;
  choices: Choice[];
}

/** The form value for no `expires_in`. */
const absent = 'absent';

/** The questions under "Advanced" on the sign-in page. */
export const questions: Question[] = [
  {
    field: 'tokenForm',
    label: 'Form of the token',
    choices: [
      { value: 'opaque', title: 'Usual, names the organization' },
      { value: 'jwt', title: 'JSON Web Token' },
      { value: 'consumer', title: 'Ends in “consumer”' },
      { value: 'unknown', title: 'A form never seen before' },
    ],
  },
  {
    field: 'expiresIn',
    label: 'Lifetime it reports (expires_in)',
    choices: [
      { value: '3887999', title: '3887999, as in the guides' },
      { value: '31535999', title: '31535999 (365 days)' },
      { value: '1209599', title: '1209599 (14 days)' },
      { value: absent, title: 'Nothing at all' },
      { value: '0', title: '0' },
      { value: '-1', title: '−1' },
      { value: '99999999999999999999', title: '99999999999999999999' },
      { value: 'soon', title: '“soon”, not a number' },
    ],
  },
  {
    field: 'lifetimeSeconds',
    label: 'Lifetime it really has',
    choices: [
      { value: '31536000', title: '365 days, as the guides say' },
      { value: '3888000', title: '45 days' },
      { value: '1209600', title: '14 days' },
      { value: '120', title: '2 minutes' },
    ],
  },
  {
    field: 'errorsIn',
    label: 'Where errors are put',
    choices: [
      { value: 'query', title: 'In the query (Webex’s SDK)' },
      { value: 'fragment', title: 'In the fragment (RFC 6749)' },
    ],
  },
  {
    field: 'issuer',
    label: 'Who says it answers (iss)',
    choices: [
      { value: 'absent', title: 'Nobody' },
      { value: 'own', title: 'This broker' },
      { value: 'other', title: 'The other broker, a mix-up' },
    ],
  },
];

/** The errors that Webex is known to send. */
export const errorCodes = [
  'access_denied',
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'invalid_scope',
  'login_required',
  'tokenlimit_reached',
] as const;

const form = z.object({
  /** The unchanged query of the authorization request. */
  request: z.string(),
  account: z.string().optional(),
  /** The pressed button's value, for those that end without a sign-in. */
  outcome: z.enum(['deny', 'error']).optional(),
  error: z.enum(errorCodes).default('access_denied'),
  tokenForm: z.enum(tokenForms).optional(),
  expiresIn: z.string().max(40).optional(),
  lifetimeSeconds: z.coerce.number().int().optional(),
  errorsIn: z.enum(['query', 'fragment']).optional(),
  issuer: z.enum(['absent', 'own', 'other']).optional(),
});

export type SignInForm = z.infer<typeof form>;

/** Parses the posted form; null if it is invalid. */
export function parseSignInForm(body: unknown): SignInForm | null {
  return form.safeParse(body).data ?? null;
}

/** The person's answers, and the settings for questions without an answer. */
export function settingsChosen(answers: SignInForm, settings: SignInSettings): SignInSettings {
  const { expiresIn } = answers;
  return {
    tokenForm: answers.tokenForm ?? settings.tokenForm,
    expiresIn: expiresIn === undefined ? settings.expiresIn : expiresIn === absent ? null : expiresIn,
    lifetimeSeconds: answers.lifetimeSeconds ?? settings.lifetimeSeconds,
    errorsIn: answers.errorsIn ?? settings.errorsIn,
    issuer: answers.issuer ?? settings.issuer,
  };
}

/** The questions with the current settings selected. A setting that is not among the choices is added to them. */
export function questionsWith(settings: SignInSettings): (Question & { picked: string })[] {
  return questions.map((question) => {
    const setting = settings[question.field as keyof SignInSettings];
    const picked = setting === null ? absent : String(setting);
    const known = question.choices.some(({ value }) => value === picked);
    const choices = known ? question.choices : [...question.choices, { value: picked, title: picked }];
    return { ...question, choices, picked };
  });
}
