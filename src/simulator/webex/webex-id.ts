/** An identifier in the format of the Webex REST API: `ciscospark://us/<KIND>/<id>` in base64url, unpadded. */
export function webexId(kind: 'PEOPLE' | 'ORGANIZATION' | 'ROLE', id: string): string {
  return Buffer.from(`ciscospark://us/${kind}/${id}`).toString('base64url');
}
