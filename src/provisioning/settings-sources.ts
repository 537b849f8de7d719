/** A public document that a statement is based on. */
export interface SettingSource {
  title: string;
  url: string;
}

/** The documents behind the guides and the findings. */
export const sources = {
  ciscoEntra: {
    title: 'Cisco: Synchronize Entra ID users into Control Hub',
    url: 'https://help.webex.com/aumpbz',
  },
  ciscoOkta: {
    title: 'Cisco: Synchronize Okta users into Control Hub',
    url: 'https://help.webex.com/nmm9pzdb',
  },
  ciscoWizard: {
    title: 'Cisco: Set up the Entra ID Wizard App in Control Hub',
    url: 'https://help.webex.com/article/heauzeb',
  },
  microsoftTutorial: {
    title: 'Microsoft: Configure Cisco Webex for automatic user provisioning',
    url: 'https://learn.microsoft.com/entra/identity/saas-apps/cisco-webex-provisioning-tutorial',
  },
  microsoftQuarantine: {
    title: 'Microsoft: Application provisioning in quarantine status',
    url: 'https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-quarantine-status',
  },
  microsoftKnownIssues: {
    title: 'Microsoft: Known issues for provisioning in Microsoft Entra ID',
    url: 'https://learn.microsoft.com/entra/identity/app-provisioning/known-issues',
  },
  microsoftGraphSecrets: {
    title: 'Microsoft Graph: Add synchronization secrets',
    url: 'https://learn.microsoft.com/graph/api/synchronization-serviceprincipal-put-synchronization',
  },
  microsoftScim: {
    title: 'Microsoft: Develop and plan provisioning for a SCIM endpoint',
    url: 'https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups',
  },
  oktaScim: {
    title: 'Okta: Add SCIM provisioning to app integrations',
    url: 'https://help.okta.com/okta_help.htm?type=oie&id=ext_apps_app_integration_wizard-scim',
  },
  oktaConnections: {
    title: 'Okta: Application provisioning connections API',
    url: 'https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApplicationConnections/',
  },
} as const satisfies Record<string, SettingSource>;
