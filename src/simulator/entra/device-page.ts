import type { Response } from 'express';

/** The page where a person enters the device code. It says clearly that it is a demonstration. */
export function sendDevicePage(response: Response): void {
  send(
    response,
    `<form method="post" action="/devicelogin">
  <p><label>Code <input name="code" required autofocus autocomplete="off" autocapitalize="characters"></label></p>
  <p><button name="answer" value="approve">Sign in as the administrator of Acme</button>
  <button name="answer" value="decline">Decline</button></p>
</form>`,
  );
}

export function sendDeviceResult(
  response: Response,
  state: 'approved' | 'declined' | 'unknown' | 'pending',
): void {
  const words = {
    approved: 'You are signed in. Go back to where you came from.',
    declined: 'You declined.',
    unknown: 'Nobody waits with that code.',
    pending: 'Nobody waits with that code.',
  };
  send(response, `<p role="status">${words[state]}</p>`);
}

function send(response: Response, main: string): void {
  response
    .type('html')
    .set('Content-Security-Policy', "default-src 'none'; form-action 'self'")
    .send(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Simulated Entra ID</title>
<p><strong>Demonstration: this is not Microsoft.</strong> It stands in for Entra ID’s sign-in page and wants no password.</p>
<h1>Enter the code</h1>
${main}
`);
}
