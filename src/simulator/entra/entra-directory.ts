import { randomUUID } from 'node:crypto';
import { defaultSchema } from './default-schema.ts';

export type JobStatus = 'NotConfigured' | 'NotRun' | 'Active' | 'Paused' | 'Quarantine';

export interface SimulatedJob {
  id: string;
  templateId: string;
  code: JobStatus;
  quarantine: { reason: string; since: number; message: string } | null;
  lastExecution: {
    state: 'Succeeded' | 'Failed';
    began: number;
    ended: number;
    /** Users created or changed. */
    exported: number;
    /** Users that could not be created or changed. */
    escrowed: number;
  } | null;
  lastSuccessAt: number | null;
  schema: Record<string, unknown>;
}

export interface SimulatedEnterpriseApp {
  /** The service principal's object ID. */
  id: string;
  appId: string;
  displayName: string;
  applicationTemplateId: string | null;
  templates: { id: string; factoryTag: string }[];
  /** How many of the next provisioning requests get the errors of an application that was just created. */
  propagationErrors: number;
  jobs: SimulatedJob[];
  /** The values by key, in plain text: the API never returns them. */
  secrets: Map<string, string>;
}

export interface SimulatedUser {
  id: string;
  userPrincipalName: string;
  mail: string;
  displayName: string;
  /** Object IDs of the applications that the user is assigned to, and how. */
  assignments: { resourceId: string; principalType: 'User' | 'Group' }[];
}

/** The template ID of "Cisco Webex" in the simulated gallery. Nothing depends on the real one. */
export const webexTemplateId = 'c15c0001-5eed-4000-8000-000000000001';

/** The applications and users of one simulated Entra ID tenant. */
export class EntraDirectory {
  readonly tenantId = 'e0000001-5eed-4000-8000-000000000001';
  readonly apps: SimulatedEnterpriseApp[] = [];
  readonly users: SimulatedUser[] = [];

  /** Adds a gallery application like the portal: without a provisioning job. */
  addApp(changes: Partial<SimulatedEnterpriseApp> = {}): SimulatedEnterpriseApp {
    const app: SimulatedEnterpriseApp = {
      id: randomUUID(),
      appId: randomUUID(),
      displayName: 'Cisco Webex',
      applicationTemplateId: webexTemplateId,
      templates: [{ id: 'ciscowebex', factoryTag: 'ciscowebex' }],
      propagationErrors: 0,
      jobs: [],
      secrets: new Map(),
      ...changes,
    };
    this.apps.push(app);
    return app;
  }

  addUser(mail: string, changes: Partial<SimulatedUser> = {}): SimulatedUser {
    const user = {
      id: randomUUID(),
      userPrincipalName: mail,
      mail,
      displayName: mail,
      assignments: [],
      ...changes,
    };
    this.users.push(user);
    return user;
  }

  app(id: string): SimulatedEnterpriseApp | undefined {
    return this.apps.find((app) => app.id === id);
  }

  newJob(app: SimulatedEnterpriseApp, templateId: string): SimulatedJob {
    const job: SimulatedJob = {
      id: `${templateId}.${randomUUID().replaceAll('-', '')}.${randomUUID()}`,
      templateId,
      code: 'NotConfigured',
      quarantine: null,
      lastExecution: null,
      lastSuccessAt: null,
      schema: defaultSchema(),
    };
    app.jobs.push(job);
    return job;
  }
}
