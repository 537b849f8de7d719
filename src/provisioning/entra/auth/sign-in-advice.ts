import type { EntraSignInMethod } from './sign-in-method.ts';

/*
 * Help for the error codes of Microsoft's sign-in service ("Microsoft Entra authentication and authorization
 * error codes", learn.microsoft.com/entra/identity-platform/reference-error-codes).
 */

export const checkSettings =
  'Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the selected cloud, and that the secret or certificate belongs to the application and has not expired.';
const policy =
  'A Conditional Access policy blocks this sign-in. Often such a policy blocks device codes. Use an application with a client secret or certificate (the AZURE_* settings), or follow the guide and paste the token.';
const device =
  'A Conditional Access policy requires a managed or compliant device, which cannot be proven when you sign in with a device code. Use an application with a client secret or certificate (the AZURE_* settings), or follow the guide and paste the token.';
const secondFactor =
  'The account has to complete multifactor authentication. Sign in once at https://entra.microsoft.com in the same browser, then try again.';
const account = 'Sign in with another account, or ask an administrator of the account’s tenant.';

const advice: Record<string, string> = {
  // Devices and policies
  '50005': device,
  '50097': device,
  '50129': device,
  '53000': device,
  '53001': device,
  '50131': policy,
  '53002': policy,
  '53003': policy,
  '53004': policy,
  '53009': policy,
  '53010': policy,
  '53011': policy,
  '530032': policy,
  '530034': policy,
  '530035': policy,
  // Multifactor authentication
  '50072': secondFactor,
  '50074': secondFactor,
  '50076': secondFactor,
  '50078': secondFactor,
  '50079': secondFactor,
  '50158':
    'A policy of the tenant requires another sign-in service first. Sign in once at https://entra.microsoft.com in the same browser, then try again.',
  // Consent and assignment
  '65001': 'An administrator has to consent to Synchronization.ReadWrite.All and Application.Read.All first.',
  '65004': 'The consent was declined. Try again, and accept it.',
  '90008': 'An administrator has to consent to Synchronization.ReadWrite.All and Application.Read.All first.',
  '90094': 'An administrator has to consent to Synchronization.ReadWrite.All and Application.Read.All first.',
  '50105':
    'Only assigned users can sign in to this application. Assign this account to it in Entra ID (Enterprise applications, Users and groups), or sign in with an assigned account.',
  // The client
  '7000218':
    'The application in AZURE_CLIENT_ID does not support sign-in with a device code. Turn on "Allow public client flows" on its Authentication page, set AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH too, or unset AZURE_CLIENT_ID.',
  '7000112':
    'The application in AZURE_CLIENT_ID is disabled. Enable it in Entra ID, or use another application.',
  '7000215':
    'AZURE_CLIENT_SECRET is wrong. Copy the secret’s Value, not its Secret ID, from Certificates & secrets. Also check AZURE_TENANT_ID and AZURE_CLIENT_ID.',
  '7000222': 'AZURE_CLIENT_SECRET has expired. Create a new one under Certificates & secrets.',
  '7000229':
    'The application in AZURE_CLIENT_ID has no service principal in this tenant. Add the application to the tenant, or check AZURE_TENANT_ID.',
  '700016': checkSettings,
  '700024': 'This host’s clock is wrong, or the certificate is not valid at this time. Check both.',
  '700027': 'The certificate is not registered with the application. Upload it under Certificates & secrets.',
  '500011': 'Microsoft Graph does not exist in this tenant. Check the selected cloud and AZURE_TENANT_ID.',
  '50194':
    'The application in AZURE_CLIENT_ID belongs to a single tenant. Set AZURE_TENANT_ID to that tenant.',
  // The tenant
  '90002': 'The tenant does not exist. Check AZURE_TENANT_ID and the selected cloud.',
  '900023': 'AZURE_TENANT_ID is neither a tenant ID nor a tenant’s domain name.',
  '900382': 'The tenant is in another cloud. Select that cloud.',
  '90038': 'The tenant is in another cloud. Select that cloud.',
  // The account
  '50020':
    'The account belongs to another tenant. Set AZURE_TENANT_ID, or sign in with an account of that tenant.',
  '50034': account,
  '50053': 'The account is locked after too many sign-ins. Wait a few minutes, or use another account.',
  '50055': 'The password of the account has expired. Change it at https://myaccount.microsoft.com first.',
  '50057': 'The account is disabled. Sign in with another account.',
  '50126': 'The user name or password was wrong. Try again.',
};

/** The help for the first known AADSTS code in a message from Microsoft; null if there is none. */
export function adviceFor(message: string, method: EntraSignInMethod): string | null {
  for (const [, code = ''] of message.matchAll(/\bAADSTS(\d+)/g)) {
    const text = advice[code];
    // An application that signs in itself already has a credential, so the policy must be one for workload identities.
    if (text === device || text === policy) return method === 'device-code' ? text : workloadPolicy;
    if (text !== undefined) return text;
  }
  return null;
}

const workloadPolicy =
  'A Conditional Access policy for workload identities blocks this sign-in. Allow this application and this host’s address in the policy, or sign in yourself: unset AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH.';
