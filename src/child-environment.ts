import { secretVariables } from './config.ts';

/**
 * The environment for a program that somebody runs with a token: without the passphrases and addresses with passwords
 * that open the whole store. What belongs to other tools too, such as AZURE_CLIENT_SECRET, is left.
 */
export function withoutOwnSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return without(environment, (name) => name.startsWith('WEBEX_TOKEN_'));
}

/** The environment for a helper such as a browser, which needs no secret at all. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return without(environment, () => true);
}

/**
 * Takes the secrets out of this process's own environment while a library starts a helper, which would hand them on.
 * The settings have been read by then.
 */
export async function sparingSecrets<T>(start: () => Promise<T>): Promise<T> {
  const taken = secretVariables.flatMap((name) => {
    const value = process.env[name];
    delete process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  try {
    return await start();
  } finally {
    for (const [name, value] of taken) process.env[name] = value;
  }
}

function without(environment: NodeJS.ProcessEnv, which: (name: string) => boolean): NodeJS.ProcessEnv {
  const spared = { ...environment };
  for (const name of secretVariables) if (which(name)) delete spared[name];
  return spared;
}
