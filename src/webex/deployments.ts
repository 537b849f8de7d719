/** The two separate Webex clouds. Each has its own ID broker, API and SCIM service. */
export const deployments = ['commercial', 'government'] as const;

export type Deployment = (typeof deployments)[number];

/** The addresses of one deployment, without a trailing slash. */
export interface WebexEndpoints {
  /** The ID broker, e.g. `https://idbroker.webex.com/idb`. */
  idbroker: string;
  /** The REST API, e.g. `https://webexapis.com/v1`. */
  api: string;
  /** The SCIM service; the organization ID is appended, e.g. `https://api.ciscospark.com/v1/scim`. */
  scim: string;
}

/** The published addresses (Cisco's Entra ID guide, Table 1, and the ID broker URLs next to it). */
export const publishedEndpoints: Record<Deployment, WebexEndpoints> = {
  commercial: {
    idbroker: 'https://idbroker.webex.com/idb',
    api: 'https://webexapis.com/v1',
    scim: 'https://api.ciscospark.com/v1/scim',
  },
  government: {
    idbroker: 'https://idbroker-f.webex.com/idb',
    api: 'https://api-usgov.webex.com/v1',
    scim: 'https://api-usgov.webex.com/v1/scim',
  },
};

/** The names of the deployments for people. */
export const deploymentTitles: Record<Deployment, string> = {
  commercial: 'Webex',
  government: 'Webex for Government',
};

/** The tenant URL that Entra ID requires: the deployment's SCIM address and the organization ID. */
export function tenantUrl(endpoints: WebexEndpoints, orgId: string): string {
  return `${endpoints.scim}/${orgId}`;
}
