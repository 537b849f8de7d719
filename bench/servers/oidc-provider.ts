import { Provider } from 'oidc-provider';

/** oidc-provider with the grant type client_credentials and its in-memory adapter. */
const [port = '', clientSecret = ''] = process.argv.slice(2);
const scope = 'spark:people_read spark:people_write Identity:SCIM';

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'bench',
      client_secret: clientSecret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      scope,
    },
  ],
  scopes: scope.split(' '),
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
});
provider.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
