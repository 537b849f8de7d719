/** What this machine is called in a request to itself, without a port. */
export const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/** The hosts, in lower case, that a request to a loopback port may name. */
export function loopbackHosts(port: number): ReadonlySet<string> {
  return new Set(loopbackNames.map((name) => `${name}:${port}`));
}

/** The addresses by which programs of this machine call a server on its port. */
export function loopbackOrigins(port: number): string[] {
  return [...loopbackHosts(port)].map((host) => `http://${host}`);
}
