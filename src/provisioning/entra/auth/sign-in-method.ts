import type { EntraSettings } from '../../../config/settings.ts';

/** How the sign-in is done: by the application itself where it has a credential, else by a person. */
export type EntraSignInMethod = 'client-secret' | 'certificate' | 'device-code';

export function entraSignInMethod(settings: EntraSettings): EntraSignInMethod {
  if (settings.clientSecret !== null) return 'client-secret';
  return settings.clientCertificatePath === null ? 'device-code' : 'certificate';
}

/** Whether nobody is needed to sign in. */
export function isUnattended(settings: EntraSettings): boolean {
  return entraSignInMethod(settings) !== 'device-code';
}
