import { type Help, type Remedy, remediesOf } from './remedy.ts';

/** What all errors with the same code have in common. `docs/errors.md` is generated from this table. */
export interface ErrorEntry {
  /** The exit code of a command: 1 failed, 2 wrong usage, 3 not found, 4 expired, 5 rejected. */
  exit: 1 | 2 | 3 | 4 | 5;
  /** The HTTP status of the web app. */
  status: number;
  /** A heading, for pages and problem documents. */
  title: string;
  /** When it happens, for the reference. */
  cause: string;
  /** What to do, for the reference. The error's own help contains the actual names and paths. */
  remedies: readonly Remedy[];
}

function entry(
  exit: ErrorEntry['exit'],
  status: number,
  title: string,
  cause: string,
  help: Help,
): ErrorEntry {
  return { exit, status, title, cause, remedies: remediesOf(help) };
}

const again = 'Start the sign-in again from this program.';
const address = 'Copy the whole address of the page that you landed on after signing in.';
const startOver =
  'If it is lost for good, start with a new data folder or an empty database, and sign in again.';
const database = [
  { text: 'Restore a backup', command: ['restore', 'FILE'] },
  { text: 'Or accept the database as it is', command: ['restore', '--accept-rollback'] },
];

export const errorCodes = {
  // Usage and settings
  E_USAGE: entry(2, 400, 'Invalid input', 'A command or form got values that it does not support.', [
    'Follow the message.',
    { text: 'For the usage of a command', command: ['COMMAND', '--help'] },
  ]),
  E_SETTING: entry(
    2,
    500,
    'Invalid setting',
    'A setting is invalid, or a required one is missing.',
    'Change the variable named in the message, which also shows an example.',
  ),
  E_INPUT: entry(
    1,
    400,
    'Unreadable input',
    'Standard input or a file is empty, too large, or is not text.',
    'Provide the input that the message describes.',
  ),
  E_TEXT: entry(
    1,
    400,
    'Not plain text',
    'A file or standard input is not text in UTF-8 or UTF-16.',
    'Save it as UTF-8.',
  ),
  E_OUTPUT: entry(
    1,
    500,
    'Output failed',
    'Standard output cannot be written, for example because the disk is full.',
    'Write to another folder or disk.',
  ),
  E_CSV: entry(1, 400, 'Invalid CSV file', 'A CSV file has no usable header or rows.', [
    'Fix the file.',
    { text: 'Or skip invalid rows', command: ['profile', 'import', 'FILE', '--skip-invalid'] },
  ]),
  E_FILE: entry(
    1,
    400,
    'File cannot be used',
    'A file cannot be read or written.',
    'Check its path and permissions.',
  ),
  E_FILE_EXISTS: entry(
    1,
    409,
    'File exists',
    'The output file already exists. Files are never overwritten.',
    'Choose a file name that is not in use.',
  ),
  E_FILE_PERMISSIONS: entry(
    1,
    500,
    'File permissions too open',
    'A file or folder with secrets belongs to another user, or others can read it.',
    'Change its owner or mode as the message says.',
  ),
  E_HOME: entry(
    1,
    500,
    'Data folder cannot be used',
    'The data folder cannot be created, or cannot be written to.',
    'Set WEBEX_TOKEN_HOME to another folder.',
  ),
  E_INTERRUPTED: entry(1, 400, 'Interrupted', 'The command was stopped before it finished.', 'Run it again.'),
  E_TIMEOUT: entry(1, 408, 'Timed out', 'No one signed in within the time limit.', {
    text: 'Try again with more time',
    command: ['login', 'NAME', '--timeout', 'SECONDS'],
  }),
  E_INTERNAL: entry(
    1,
    500,
    'Something went wrong',
    'An unexpected error occurred. Stored data is not affected.',
    ['Try again.', { text: 'To find the cause, check the server log, and run', command: ['doctor'] }],
  ),

  // HTTP requests to the web app
  E_BAD_REQUEST: entry(1, 400, 'Bad request', 'A request is malformed.', 'Use the pages of the web app.'),
  E_UNAUTHENTICATED: entry(
    1,
    403,
    'Open the app from your terminal',
    'The browser has no session of the web app.',
    { text: 'Open a link that works once', command: ['open'] },
  ),
  E_CROSS_ORIGIN: entry(
    1,
    403,
    'Request rejected',
    'A request to change something came from another site.',
    'Use the page in the web app.',
  ),
  E_OTHER_USER: entry(
    1,
    403,
    'Link of another user',
    'Another user of this computer opened the link.',
    'Open it as the user who started the server.',
  ),
  E_NOT_FOUND: entry(1, 404, 'Page not found', 'The page or object does not exist.', 'Go to the overview.'),
  E_METHOD: entry(
    1,
    405,
    'Method not allowed',
    'The address does not support this HTTP method.',
    'Use the page in the web app.',
  ),
  E_LINK_USED: entry(
    1,
    410,
    'This link has expired',
    'A one-time link was used, or is older than ten minutes.',
    [
      { text: 'Get a new link to the web app', command: ['open'] },
      { text: 'Or sign in again', command: ['login', 'NAME'] },
    ],
  ),
  E_TOO_LARGE: entry(
    1,
    413,
    'Request too large',
    'The request is larger than this program accepts.',
    'Send only the text that is asked for.',
  ),
  E_MEDIA_TYPE: entry(
    1,
    415,
    'Unsupported media type',
    'A request has a content type or encoding that is not supported.',
    'Use the page in the web app.',
  ),

  // Servers
  E_RUNNING: entry(1, 409, 'Already running', 'The web app is already running for this data folder.', {
    text: 'Open it',
    command: ['open'],
  }),
  E_NOT_RUNNING: entry(1, 503, 'Not running', 'The web app is not running for this data folder.', {
    text: 'Start it',
    command: ['serve'],
  }),
  E_PORT_TAKEN: entry(1, 503, 'Port in use', 'Another program uses the port.', 'Stop that program.'),
  E_LISTEN: entry(
    1,
    503,
    'Cannot listen',
    'The operating system does not allow this address or port.',
    'Check the address, and whether this user may use the port.',
  ),
  E_TLS: entry(
    1,
    500,
    'Invalid TLS certificate',
    'The TLS certificate or key cannot be used.',
    'Use PEM files: the leaf certificate first, and a key without a passphrase.',
  ),

  // Profiles
  E_PROFILE_NAME: entry(
    2,
    400,
    'Invalid name',
    'A profile name has characters that are not allowed.',
    'Use lower-case letters, digits, dots, dashes and underscores.',
  ),
  E_PROFILE_EXISTS: entry(
    1,
    409,
    'Name in use',
    'A profile with this name already exists.',
    'Choose another name.',
  ),
  E_PROFILE_MISMATCH: entry(
    2,
    409,
    'Profile of another organization',
    'The profile belongs to another organization or deployment.',
    'Use another profile.',
  ),
  E_NO_PROFILE: entry(3, 404, 'No such organization', 'No profile has this name.', {
    text: 'List the profiles',
    command: ['list'],
  }),
  E_ORGANIZATION_ID: entry(
    2,
    400,
    'Invalid organization ID',
    'The organization ID is not a UUID or its base64url form.',
    'Copy it from Control Hub, Account.',
  ),
  E_NO_ORGANIZATION: entry(
    1,
    409,
    'Organization unknown',
    'The organization ID of the profile is not known.',
    { text: 'Set it', command: ['login', 'NAME', '--org-id', 'ID'] },
  ),
  E_TAG: entry(
    2,
    400,
    'Invalid tag',
    'A tag has characters that are not allowed, or there are too many.',
    'Use the letters a to z, digits, dots, dashes, underscores and colons.',
  ),
  E_CONTACT: entry(
    2,
    400,
    'Invalid contact',
    'The contact is not an email address.',
    'Enter one email address.',
  ),
  E_RENEWAL: entry(1, 409, 'Renewal not possible', 'The command does not match the state of the renewal.', {
    text: 'Show its state',
    command: ['renew', 'status'],
  }),

  // Tokens
  E_NO_TOKEN: entry(3, 404, 'No token yet', 'The profile has no current token, or no token with this ID.', {
    text: 'Sign in',
    command: ['login', 'NAME'],
  }),
  E_NO_CAPTURED_TOKEN: entry(
    3,
    404,
    'No such token',
    'The token was discarded, or its profile was removed.',
    'Sign in again.',
  ),
  E_EXPIRED: entry(4, 409, 'Token expired', 'The token has expired.', [
    { text: 'Sign in', command: ['login', 'NAME'] },
    { text: 'To use the expired token anyway', command: ['get', 'NAME', '--allow-expired'] },
  ]),
  E_REJECTED: entry(5, 409, 'Token rejected', 'Webex, Entra ID or Okta did not accept the token.', [
    { text: 'Test it', command: ['test', 'NAME'] },
    { text: 'Sign in again if Webex rejects it', command: ['login', 'NAME'] },
  ]),
  E_TOKEN_SYNTAX: entry(1, 400, 'Not a token', 'The text cannot be a bearer token.', address),
  E_TOKEN_TYPE: entry(1, 400, 'Not a bearer token', 'The response contains another type of token.', address),
  E_OTHER_DEPLOYMENT: entry(
    2,
    409,
    'Token of another deployment',
    'The token belongs to Webex for Government and the profile does not, or the other way around.',
    { text: 'Store it under another name', command: ['import', 'OTHER-NAME', '--deployment', 'DEPLOYMENT'] },
  ),

  // Sign-in
  E_SIGN_IN_FAILED: entry(
    1,
    400,
    'Webex did not issue a token',
    'Webex responded to the sign-in with an error.',
    `The message quotes Webex. ${again}`,
  ),
  E_STATE_MISSING: entry(1, 400, 'Unknown sign-in', 'The response has no state parameter.', again),
  E_STATE_DOCUMENTED: entry(
    1,
    400,
    'Unknown sign-in',
    'The response contains the state value from the published guides, which everyone knows.',
    again,
  ),
  E_STATE_UNKNOWN: entry(
    1,
    400,
    'Unknown sign-in',
    'The state parameter does not match any sign-in that was started here.',
    again,
  ),
  E_STATE_WRONG_SESSION: entry(
    1,
    403,
    'Sign-in of another window',
    'The sign-in was started in another browser.',
    'Finish it in that browser, or start again.',
  ),
  E_STATE_USED: entry(
    1,
    409,
    'Sign-in already completed',
    'The response was already used.',
    'If you went back or reloaded the page, there is nothing to do.',
  ),
  E_STATE_EXPIRED: entry(1, 410, 'Sign-in took too long', 'The sign-in took longer than ten minutes.', again),
  E_ISSUER: entry(
    1,
    400,
    'Response from the wrong Webex deployment',
    'The response was issued by a different server than the one used for the sign-in.',
    `Do not use the token. ${again}`,
  ),

  // Pasted text (import)
  E_REDIRECT_EMPTY: entry(1, 400, 'Nothing to import', 'The text is empty.', address),
  E_REDIRECT_LINES: entry(
    1,
    400,
    'Several lines',
    'The text has several lines that do not form one token.',
    address,
  ),
  E_REDIRECT_TOO_LONG: entry(1, 400, 'Too long', 'The text is longer than any response from Webex.', address),
  E_REDIRECT_HTML: entry(1, 400, 'A web page', 'The text is HTML.', address),
  E_REDIRECT_SAMPLE: entry(
    1,
    400,
    'A placeholder',
    'The text is an example or placeholder from a guide.',
    address,
  ),
  E_REDIRECT_AUTHORIZE_URL: entry(
    1,
    400,
    'The sign-in address',
    'The text is the address that starts the sign-in.',
    address,
  ),
  E_REDIRECT_TENANT_URL: entry(
    1,
    400,
    'Another address',
    'The text is an address for provisioning, not the response to a sign-in.',
    address,
  ),
  E_REDIRECT_CODE: entry(
    1,
    400,
    'An authorization code',
    'The text contains an authorization code instead of a token.',
    again,
  ),
  E_REDIRECT_CLIENT_ID: entry(
    1,
    400,
    'A client ID',
    'The text is the client ID from the sign-in address.',
    address,
  ),
  E_REDIRECT_ORGANIZATION_ID: entry(1, 400, 'An ID', 'The text is an ID, not a token.', address),
  E_REDIRECT_NO_FRAGMENT: entry(
    1,
    400,
    'Incomplete address',
    'The part of the address that starts with # is missing.',
    address,
  ),
  E_REDIRECT_NO_TOKEN: entry(1, 400, 'No token', 'The text contains neither a token nor an error.', address),
  E_REDIRECT_QUERY: entry(
    1,
    400,
    'Token in the query',
    'The token is in the query, where Webex never puts it.',
    address,
  ),
  E_REDIRECT_DUPLICATE: entry(1, 400, 'Duplicate parameter', 'A parameter occurs twice.', address),
  E_REDIRECT_ENCODING: entry(
    1,
    400,
    'Damaged address',
    'A percent sign is not followed by two hexadecimal digits.',
    address,
  ),
  E_REDIRECT_CONTRADICTION: entry(
    1,
    400,
    'Contradictory response',
    'The response contains both a token and an error.',
    again,
  ),

  // API clients
  E_CLIENT_NAME: entry(
    2,
    400,
    'Invalid name',
    'An API client name has characters that are not allowed.',
    'Use lower-case letters, digits, dots, dashes and underscores.',
  ),
  E_CLIENT_EXISTS: entry(
    1,
    409,
    'Name in use',
    'An API client with this name already exists.',
    'Choose another name, or rotate its secret.',
  ),
  E_NO_CLIENT: entry(1, 404, 'No such API client', 'No API client has this name.', {
    text: 'List them',
    command: ['client', 'list'],
  }),
  E_JWKS: entry(
    1,
    400,
    'Invalid key set',
    'The file is not a JSON Web Key Set of public keys.',
    'Provide only the public keys.',
  ),
  E_CLIENT_ISSUER: entry(
    2,
    400,
    'Invalid issuer',
    'The issuer of a workload identity is not a valid https URL.',
    'Enter the iss of the JWT, such as https://token.actions.githubusercontent.com.',
  ),
  E_CLIENT_SUBJECT: entry(
    2,
    400,
    'Invalid subject',
    'The subject of a workload identity is empty or too broad.',
    'Enter the sub of the JWT. A * matches text within one segment, without : or /.',
  ),
  E_CLIENT_AUDIENCE: entry(
    2,
    400,
    'Invalid audience',
    'The audience of a workload identity is empty or contains a *.',
    'Enter the aud of the JWT.',
  ),
  E_ADDRESS: entry(
    2,
    400,
    'Invalid address',
    'The text is not an IP address or network.',
    'Use an address or network such as 10.1.2.3 or 10.0.0.0/8.',
  ),

  // Entra ID and Okta
  E_NO_DESTINATION: entry(1, 409, 'No destination', 'The profile has no suitable destination.', {
    text: 'Install the token once',
    command: ['push', 'entra', 'NAME'],
  }),
  E_OTHER_ORGANIZATION: entry(
    1,
    409,
    'Application of another organization',
    'The application provisions another organization or profile.',
    [
      { text: 'Choose the right application', command: ['push', 'entra', 'NAME', '--app', 'ID'] },
      {
        text: 'Or replace the other organization',
        command: ['push', 'entra', 'NAME', '--app', 'ID', '--replace-organization'],
      },
    ],
  ),
  E_AMBIGUOUS_APP: entry(
    1,
    409,
    'Several applications match',
    'The provider has more than one matching application.',
    { text: 'Choose one', command: ['push', 'PROVIDER', 'NAME', '--app', 'ID'] },
  ),
  E_ENTRA_APP: entry(1, 404, 'Application not found', 'Entra ID or Okta has no such application.', [
    'Add it from the gallery.',
    { text: 'Or choose it', command: ['push', 'PROVIDER', 'NAME', '--app', 'ID'] },
  ]),
  E_ENTRA_JOB: entry(
    1,
    409,
    'No usable provisioning job',
    'The application has no provisioning job, or several.',
    'In Entra ID, set the provisioning mode of the application to Automatic.',
  ),
  E_ENTRA_SIGN_IN: entry(
    1,
    502,
    'Sign-in to Microsoft failed',
    'Microsoft rejected the sign-in, or no one signed in.',
    'Follow the message, which contains the AADSTS code.',
  ),
  E_GRAPH: entry(
    1,
    502,
    'Microsoft Graph failed',
    'A request to Microsoft Graph was rejected or failed.',
    'Follow the message, which contains the status.',
  ),
  E_TEST_UNAVAILABLE: entry(
    1,
    502,
    'Entra ID could not test the token',
    'Entra ID could not reach Webex.',
    'Try again in a few minutes.',
  ),
  E_READ_BACK: entry(
    1,
    502,
    'Settings not confirmed',
    'The saved settings could not be read back.',
    'Run the push again.',
  ),
  E_CERTIFICATE: entry(
    1,
    500,
    'Invalid certificate',
    'The file in AZURE_CLIENT_CERTIFICATE_PATH cannot be used.',
    'Use a PEM file with the certificate and its private key.',
  ),
  E_OKTA: entry(
    1,
    502,
    'Okta failed',
    'A request to Okta was rejected or failed.',
    'Follow the message, which contains the status.',
  ),
  E_OKTA_SIGN_IN: entry(
    1,
    502,
    'Sign-in to Okta failed',
    'Okta rejected the sign-in.',
    'Check the OKTA_CLIENT_… settings.',
  ),
  E_ENTRA_MANUAL: entry(
    1,
    409,
    'Entra ID needs a manual step',
    'Microsoft Graph does not let this program set how the application authenticates.',
    'Enter the values from the message in the Entra admin center.',
  ),
  E_OKTA_MANUAL: entry(
    1,
    409,
    'Okta needs a manual step',
    'The Okta API does not support this application.',
    'Paste the values from the message into the Okta Admin Console.',
  ),
  E_CANCELED: entry(1, 409, 'Canceled', 'The push was canceled. Nothing was changed.', 'Start it again.'),

  // Sending tokens
  E_INSECURE_ADDRESS: entry(
    1,
    500,
    'Insecure address',
    'A token would be sent to an address that is neither https nor on this computer.',
    'Change the address in the settings.',
  ),
  E_CLIPBOARD: entry(1, 500, 'No clipboard', 'No clipboard is available.', {
    text: 'Print the token',
    command: ['get', 'NAME'],
  }),
  E_QUOTING: entry(
    1,
    400,
    'Value cannot be quoted',
    'A value cannot be written in this format.',
    'Use the format json.',
  ),
  E_EXEC: entry(
    1,
    500,
    'Program cannot be started',
    'The program does not exist or cannot be run.',
    'Check its name and mode.',
  ),

  // Reminders
  E_MAIL_SERVER: entry(
    2,
    500,
    'Invalid mail server',
    'The address of the mail server is invalid.',
    'Use an address such as smtps://user:password@mail.example:465.',
  ),
  E_SCHEDULE: entry(
    1,
    500,
    'Scheduler failed',
    'The system’s scheduler rejected the job, or there is no scheduler.',
    { text: 'Run this command every hour with another scheduler', command: ['remind'] },
  ),

  // Keys
  E_KEY: entry(1, 500, 'No data key', 'This host’s key cannot decrypt any data key of the store.', {
    text: 'Request access',
    command: ['key', 'request'],
  }),
  E_KEY_LOST: entry(1, 500, 'Key missing', 'The key of this store is missing.', [
    'Restore the key or a backup.',
    { text: 'Or request access', command: ['key', 'request'] },
    startOver,
  ]),
  E_KEY_FILE: entry(
    1,
    500,
    'Key file cannot be used',
    'The key file cannot be read or created, or does not contain a 256-bit key.',
    'Restore the right file.',
  ),
  E_KEY_PASSPHRASE: entry(
    1,
    500,
    'Passphrase missing or wrong',
    'The passphrase of the store is missing or wrong.',
    ['Set WEBEX_TOKEN_PASSPHRASE.', startOver],
  ),
  E_KEY_REMOVED: entry(1, 503, 'Key removed', 'This host’s key was removed from the store.', {
    text: 'Request access again',
    command: ['key', 'request'],
  }),
  E_KEY_UNAUTHORIZED: entry(
    1,
    500,
    'Unauthorized key',
    'The store contains a key that no key holder authorized.',
    { text: 'Remove it', command: ['key', 'remove', 'ID'] },
  ),
  E_KEY_VERIFICATION: entry(
    1,
    500,
    'New key not verified',
    'The new key could not decrypt every data key.',
    'Try again. The old key is still in use.',
  ),
  E_KEY_EXISTS: entry(1, 409, 'Key exists', 'The key is already in the store.', {
    text: 'List the keys',
    command: ['key', 'status'],
  }),
  E_KEY_BUSY: entry(
    1,
    409,
    'Key replacement in progress',
    'Another process is replacing the key.',
    'Wait until it has finished.',
  ),
  E_KEY_IN_USE: entry(
    1,
    409,
    'Key in use',
    'On this host, no other key can open the store.',
    'Remove it from another host.',
  ),
  E_KEY_LAST: entry(1, 409, 'Last key', 'The store has no other key.', {
    text: 'Replace it instead',
    command: ['key', 'rotate', '--to', 'KIND'],
  }),
  E_KEY_REQUEST: entry(1, 400, 'Invalid key request', 'The text is not a key request, or it was changed.', {
    text: 'Paste the whole line that this command prints',
    command: ['key', 'request'],
  }),
  E_NO_KEY: entry(1, 404, 'No such key', 'No key matches this ID, or several do.', {
    text: 'List the keys',
    command: ['key', 'status'],
  }),
  E_KEYCHAIN: entry(
    1,
    500,
    'Keychain unavailable',
    'The keychain of the operating system does not respond.',
    'Start it, or use a key file.',
  ),
  E_KEYCHAIN_LOCKED: entry(1, 500, 'Keychain locked', 'The keychain is locked.', 'Unlock it and try again.'),
  E_KEYCHAIN_REFUSED: entry(
    1,
    500,
    'Keychain access denied',
    'Access to the keychain was denied.',
    'Try again and allow it.',
  ),
  E_INTEGRITY: entry(
    1,
    503,
    'Stored data was changed',
    'A row of the database was changed outside this program, or is damaged.',
    database,
  ),

  E_AUDIT: entry(1, 500, 'Audit log was changed', 'The signature of the audit log does not match.', {
    text: 'See where it was changed',
    command: ['log', '--verify'],
  }),

  // The store
  E_DATABASE_URL: entry(
    2,
    500,
    'Invalid database address',
    'WEBEX_TOKEN_DATABASE_URL is invalid.',
    'Use an address such as postgres://user@host/webex_token.',
  ),
  E_STORE: entry(1, 503, 'Store cannot be used', 'The database rejected a request or failed.', [
    'Follow the message.',
    { text: 'To look for the cause', command: ['doctor'] },
  ]),
  E_STORE_BUSY: entry(
    1,
    503,
    'Store busy',
    'Another process has locked the store.',
    'Try again in a moment.',
  ),
  E_STORE_UNREACHABLE: entry(
    1,
    503,
    'Store unreachable',
    'The database server does not respond.',
    'Check the server and the network.',
  ),
  E_STORE_READ_ONLY: entry(
    1,
    503,
    'Store read-only',
    'The database cannot be written to.',
    'Check its permissions and disk.',
  ),
  E_STORE_FULL: entry(
    1,
    507,
    'Disk full',
    'The disk of the database is full.',
    'Free some space and try again.',
  ),
  E_STORE_DISK: entry(1, 503, 'Disk error', 'The disk of the database reports errors.', 'Check the disk.'),
  E_STORE_DAMAGED: entry(1, 503, 'Store damaged', 'The database file is damaged.', {
    text: 'Restore a backup',
    command: ['restore', 'FILE'],
  }),
  E_STORE_NEWER: entry(
    1,
    503,
    'Store of a newer version',
    'A newer version of this program wrote the database.',
    'Use that version.',
  ),
  E_STORE_MISSING: entry(1, 503, 'No store', 'The data folder has no store yet.', 'Check WEBEX_TOKEN_HOME.'),
  E_STORE_EMPTIED: entry(
    1,
    503,
    'Store emptied',
    'The database is empty, but it was not empty before.',
    database,
  ),
  E_STORE_ROLLED_BACK: entry(
    1,
    503,
    'Store rolled back',
    'The database is older than the last state seen on this host.',
    database,
  ),
  E_STORE_NOT_EMPTY: entry(
    1,
    409,
    'Store not empty',
    'The target of the copy is not empty.',
    'Use a new database.',
  ),
  E_STORE_COPY: entry(
    1,
    500,
    'Copy not verified',
    'The copy differs from the original.',
    'Check the disk and memory of both hosts.',
  ),
  E_BACKUP: entry(
    1,
    400,
    'Invalid backup',
    'The file is not a backup, or it is damaged.',
    'Use another copy or an older backup.',
  ),
  E_BACKUP_VERIFICATION: entry(
    1,
    500,
    'Backup not verified',
    'The new backup could not be restored in a test, so it was deleted.',
    { text: 'Verify the audit log', command: ['log', '--verify'] },
  ),
  E_BACKUP_KEY: entry(
    1,
    400,
    'No key for this backup',
    'No available key or passphrase can decrypt the backup.',
    'Provide the key or passphrase with which it was created.',
  ),
  E_BACKUP_NEWER: entry(
    1,
    400,
    'Backup of a newer version',
    'A newer version of this program wrote the backup.',
    'Use that version.',
  ),
} as const satisfies Record<string, ErrorEntry>;

/** Every error code. Programs can rely on them. */
export type ErrorCode = keyof typeof errorCodes;
