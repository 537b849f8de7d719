import { networkInterfaces } from 'node:os';

/** Whether this machine has an IPv6 loopback address. Some containers have none. */
export const hasIPv6 = Object.values(networkInterfaces()).some((each) =>
  each?.some(({ address }) => address === '::1'),
);
