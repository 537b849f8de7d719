/** How a help text of a command reads on a page, where a button does the same. The command stays, as the second way. */
const sayings: [command: RegExp, onPage: string][] = [
  [
    /\bGet (one|a new one) with: (webex-token login (\S+?))(?=[.,]?(\s|$))/,
    'Get $1 with “Sign in at Webex” on the page of “$3” ($2).',
  ],
  [/\. To use the old one all the same: --allow-expired$/, ''],
  [
    /\bRenew it all the same: (webex-token login (\S+))$/,
    'Renew it all the same, with “Sign in at Webex” on the page of “$2” ($1).',
  ],
  [
    /\bSign in with an account of the right one: (webex-token login (\S+))$/,
    'Press “Sign in again”, and take an account of the right one ($1).',
  ],
  [
    /\bGive it with: (webex-token login (\S+) --org-id ID)$/,
    'Give it on the page that follows a sign-in (or with $1).',
  ],
  [/"(webex-token show (\S+?))" says why\./, 'The page of “$2” says why ($1).'],
  [
    /^"(webex-token list)" shows the ones there are; "(webex-token login NAME)" makes one\.$/,
    'The overview shows the ones there are ($1), and “Add” makes one ($2).',
  ],
  [
    /^Go on with it: (webex-token round)\. Or give it up: (webex-token round end)$/,
    'The page of the round goes on with it ($1), or gives it up ($2).',
  ],
  [
    /^Begin one: (webex-token round begin) .*$/,
    'The page of the round begins one, with “Begin the round” ($1).',
  ],
  [/^"(webex-token client list)" shows the ones there are\.$/, '“Programs” shows the ones there are ($1).'],
  [/\("(webex-token client rotate \S+)"\)/, '(“Make a new secret” on its page, or $1)'],
  [/: "(webex-token test NAME)"\./, ': “Test it” on the profile’s page ($1).'],
  [/"(webex-token test NAME)" says/, '“Test it” on the profile’s page ($1) says'],
  [/, and "(webex-token test NAME)"\.$/, ', and press “Test it” on the profile’s page ($1).'],
  [/"webex-token test" asks again\./, '“Check again” asks again.'],
  [/\bRun the command again\b/, 'Try again'],
  [/\bTo start it: --start, or\b/, 'To start it: “Start provisioning” under “More options”, or'],
  [/\bname (yours|it) with --app ID\b/, 'name $1 under “More options”'],
  [/\bCheck --app and --cloud\./, 'Check the application and the cloud under “More options”.'],
  [/\bCheck --app and\b/, 'Check the application under “More options” and'],
  [/\bCheck --cloud too\b/, 'Check the cloud under “More options” too'],
  [/(,? and) --cloud\.$/, '$1 the cloud under “More options”.'],
  [/^--app takes\b/, 'This field takes'],
];

/** A help text, or what a step says, in the words of the page it stands on. */
export function remedyFor<Text extends string | null>(text: Text): Text | string {
  return text === null
    ? text
    : sayings.reduce((said: string, [command, words]) => said.replace(command, words), text);
}
