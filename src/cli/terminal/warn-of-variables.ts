import { misspelledVariables } from '../../config/misspelled-variables.ts';
import { environmentWithDotEnv } from '../../environment/environment.ts';
import { warn } from './terminal.ts';

/** Warns about variables that look like misspelled settings. They have no effect, and the mistake is easy to overlook. */
export function warnOfMisspelledVariables(): void {
  let environment: NodeJS.Dict<string>;
  try {
    environment = environmentWithDotEnv(process.env);
  } catch {
    // The command itself reports this error when it reads the settings.
    return;
  }
  for (const { name, meant } of misspelledVariables(Object.keys(environment))) {
    warn(`${name} is not a setting and has no effect. Did you mean ${meant}?`);
  }
}
