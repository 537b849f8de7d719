/** An identifier as the Webex REST API writes it: `ciscospark://us/<KIND>/<id>` in base64url, unpadded. */
export function webexId(kind: 'PEOPLE' | 'ORGANIZATION' | 'ROLE', id: string): string {
  return Buffer.from(`ciscospark://us/${kind}/${id}`).toString('base64url');
}
