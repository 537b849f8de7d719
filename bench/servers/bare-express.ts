import express from 'express';
import helmet from 'helmet';

/** The most that Express can do with the usual security headers: it returns a constant. */
const body = {
  access_token: 'fake-token-for-acme-1',
  token_type: 'Bearer',
  expires_in: 3_887_999,
  scope: 'spark:people_read spark:people_write Identity:SCIM',
};

const app = express();
app.use(helmet());
app.post('/oauth/token', (_request, response) => {
  response.json(body);
});
app.listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('ready\n'));
