/** The variables with secret values: never repeated in a message, and never passed to a helper program. */
export const secretVariables: readonly string[] = [
  'WEBEX_TOKEN_DATABASE_URL',
  'WEBEX_TOKEN_PASSPHRASE',
  'WEBEX_TOKEN_NEW_PASSPHRASE',
  'WEBEX_TOKEN_BACKUP_PASSPHRASE',
  'WEBEX_TOKEN_SMTP_URL',
  // Anyone who has it can post to the channel.
  'WEBEX_TOKEN_WEBHOOK_URL',
  'WEBEX_TOKEN_WEBHOOK_SECRET',
  'AZURE_CLIENT_SECRET',
  'OKTA_CLIENT_TOKEN',
  'OKTA_CLIENT_PRIVATEKEY',
];

export function isSecretVariable(name: string): boolean {
  return secretVariables.includes(name);
}
