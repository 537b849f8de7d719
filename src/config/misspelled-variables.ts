/** Every supported `WEBEX_TOKEN_*` variable. `.env.example` describes them. */
const knownVariables = [
  'WEBEX_TOKEN_API_F_URL',
  'WEBEX_TOKEN_API_URL',
  'WEBEX_TOKEN_BACKUP_PASSPHRASE',
  'WEBEX_TOKEN_CLIENT_ID',
  'WEBEX_TOKEN_DATABASE_URL',
  'WEBEX_TOKEN_ENTRA_LOGIN_URL',
  'WEBEX_TOKEN_EXPIRES_AT',
  'WEBEX_TOKEN_GRAPH_URL',
  'WEBEX_TOKEN_HOME',
  'WEBEX_TOKEN_IDBROKER_F_URL',
  'WEBEX_TOKEN_IDBROKER_URL',
  'WEBEX_TOKEN_ISSUER',
  'WEBEX_TOKEN_KEY_FILE',
  'WEBEX_TOKEN_MAIL_FROM',
  'WEBEX_TOKEN_MAIL_TO',
  'WEBEX_TOKEN_NEW_PASSPHRASE',
  'WEBEX_TOKEN_PASSPHRASE',
  'WEBEX_TOKEN_PORT',
  'WEBEX_TOKEN_PROFILE',
  'WEBEX_TOKEN_REMINDER_DAYS',
  'WEBEX_TOKEN_RENEWAL_HOOK',
  'WEBEX_TOKEN_SCIM_F_URL',
  'WEBEX_TOKEN_SCIM_URL',
  'WEBEX_TOKEN_SCOPES',
  'WEBEX_TOKEN_SMTP_URL',
  'WEBEX_TOKEN_WEBHOOK_SECRET',
  'WEBEX_TOKEN_WEBHOOK_URL',
];

/** How many letters may be missing, extra or different in a misspelled name. */
const maxDistance = 2;

/** The names that look like misspelled variables of this program. Other names may belong to other software. */
export function misspelledVariables(names: readonly string[]): { name: string; meant: string }[] {
  return names.flatMap((name) => {
    if (!name.startsWith('WEBEX_TOKEN_') || knownVariables.includes(name)) return [];
    const [nearest] = knownVariables
      .map((known) => ({ known, distance: editDistance(name, known) }))
      .sort((a, b) => a.distance - b.distance);
    return nearest !== undefined && nearest.distance <= maxDistance ? [{ name, meant: nearest.known }] : [];
  });
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...a].entries()) {
    const row = [at + 1];
    for (const [column, other] of [...b].entries()) {
      row.push(
        Math.min(
          (row[column] ?? 0) + 1,
          (previous[column + 1] ?? 0) + 1,
          (previous[column] ?? 0) + (letter === other ? 0 : 1),
        ),
      );
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
