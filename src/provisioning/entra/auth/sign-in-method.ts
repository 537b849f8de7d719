import type { EntraSettings } from '../../../config/settings.ts';

/** Who signs in: the application itself if it has a credential, otherwise a person. */
export type EntraSignInMethod = 'client-secret' | 'certificate' | 'device-code';

export function entraSignInMethod(settings: EntraSettings): EntraSignInMethod {
  if (settings.clientSecret !== null) return 'client-secret';
  return settings.clientCertificatePath === null ? 'device-code' : 'certificate';
}

/** Whether signing in works without a person. */
export function isUnattended(settings: EntraSettings): boolean {
  return entraSignInMethod(settings) !== 'device-code';
}
