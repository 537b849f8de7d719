/** Microsoft's separate clouds. They are independent of an organization's Webex deployment. */
export const entraClouds = ['global', 'gcc-high', 'dod', 'china'] as const;

export type EntraCloud = (typeof entraClouds)[number];

export interface EntraEndpoints {
  /** The origin, without `/v1.0`. */
  graph: string;
  login: string;
}

/** Microsoft's "National cloud deployments". GCC, without "High", is in the global cloud. */
export const publishedEntraEndpoints: Record<EntraCloud, EntraEndpoints> = {
  global: { graph: 'https://graph.microsoft.com', login: 'https://login.microsoftonline.com' },
  'gcc-high': { graph: 'https://graph.microsoft.us', login: 'https://login.microsoftonline.us' },
  dod: { graph: 'https://dod-graph.microsoft.us', login: 'https://login.microsoftonline.us' },
  china: { graph: 'https://microsoftgraph.chinacloudapi.cn', login: 'https://login.chinacloudapi.cn' },
};

/** The endpoints from the settings, or else the published ones. */
export function entraEndpoints(
  cloud: EntraCloud,
  { graphUrl, loginUrl }: { graphUrl: string | null; loginUrl: string | null },
): EntraEndpoints {
  const { graph, login } = publishedEntraEndpoints[cloud];
  return { graph: graphUrl ?? graph, login: loginUrl ?? login };
}

export function isEntraCloud(text: string | null | undefined): text is EntraCloud {
  return entraClouds.some((cloud) => cloud === text);
}
