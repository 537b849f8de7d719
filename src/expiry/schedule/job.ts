import { join } from 'node:path';
import { BrokerError } from '../../errors.ts';
import { packageRoot } from '../../package-root.ts';
import { reminderVariables } from '../variables.ts';
import type { Job } from './scheduler.ts';

/** This very program, run as `remind`. Of the environment only the data folder's place goes along: it is no secret. */
export function remindJob(environment: NodeJS.ProcessEnv): Job {
  const home = environment.WEBEX_TOKEN_HOME;
  const job: Job = {
    command: [process.execPath, join(packageRoot, 'bin', 'webex-token.cjs'), 'remind'],
    environment: home === undefined || home === '' ? {} : { WEBEX_TOKEN_HOME: home },
  };
  for (const word of [...job.command, ...Object.values(job.environment)]) {
    if (/[\p{Cc}"]/u.test(word)) {
      throw new BrokerError(
        'E_SCHEDULE',
        'A folder’s name has a character in it that schedulers cannot take.',
        {
          help: 'Move the program, or the data folder (WEBEX_TOKEN_HOME), to one without quotes and line breaks.',
        },
      );
    }
  }
  return job;
}

/** By which it looks for a quarantine without a person. */
const entraVariables = [
  'AZURE_TENANT_ID',
  'AZURE_CLIENT_ID',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_CERTIFICATE_PATH',
];

/** The settings that this environment has and the job will not have: it reads only `.env`. */
export function leftBehind(environment: NodeJS.ProcessEnv, dotEnv: NodeJS.Dict<string>): string[] {
  const needed = [...Object.keys(reminderVariables), 'WEBEX_TOKEN_DATABASE_URL', ...entraVariables];
  return needed.filter((name) => environment[name] && environment[name] !== dotEnv[name]);
}
