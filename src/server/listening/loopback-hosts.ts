/** The names and addresses of this machine in a request to itself, without a port. */
export const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/** The Host headers, in lower case, that a request to a loopback port may have. */
export function loopbackHosts(port: number): ReadonlySet<string> {
  return new Set(loopbackNames.map((name) => `${name}:${port}`));
}

/** The origins that programs on this machine use for a server on this port. */
export function loopbackOrigins(port: number): string[] {
  return [...loopbackHosts(port)].map((host) => `http://${host}`);
}
