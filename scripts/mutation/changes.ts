import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';

/** A change of the code. Lines and columns start at 1. */
export interface Change {
  id: string;
  file: string;
  line: number;
  column: number;
  before: string;
  after: string;
}

type Options = Parameters<Instrumenter['instrument']>[1];

const silent = () => undefined;
const logger = {
  ...{ trace: silent, debug: silent, info: silent, warn: silent, error: silent, fatal: silent },
  ...{ isTraceEnabled: () => false, isDebugEnabled: () => false, isInfoEnabled: () => false },
  ...{ isWarnEnabled: () => false, isErrorEnabled: () => false, isFatalEnabled: () => false },
};

/** The changes of some files, and the code of each that contains all of its changes, each of which can be switched on. */
export async function changesOf(
  root: string,
  patterns: string[],
): Promise<{ changes: Change[]; code: Record<string, string> }> {
  const names = globSync(patterns, { cwd: root }).sort();
  const files = names.map((name) => ({
    name,
    mutate: true,
    content: readFileSync(join(root, name), 'utf8'),
  }));
  const options: Options = { plugins: null, excludedMutations: [], ignorers: [] };
  const instrumented = await new Instrumenter(logger).instrument(files, options);
  const changes = instrumented.mutants.map(
    ({ id, fileName, location: { start, end }, replacement = '' }) => ({
      ...{ id, file: fileName, line: start.line + 1, column: start.column + 1 },
      before: between(files.find(({ name }) => name === fileName)?.content ?? '', start, end),
      after: replacement,
    }),
  );
  return {
    changes: changes.filter((change) => !isSentence(change)),
    code: Object.fromEntries(instrumented.files.map(({ name, content }) => [name, content])),
  };
}

/**
 * A text of several words without a value in it is for people. Whether one is well chosen shows in the page or the terminal,
 * not in a test that holds the same text a second time.
 */
function isSentence({ before }: Change): boolean {
  return /^(?:\{\s*help: )?(?:'[^'\n]* [^'\n]*'|"[^"\n]* [^"\n]*")(?:,?\s*\})?$/.test(before);
}

interface Position {
  line: number;
  column: number;
}

function between(text: string, start: Position, end: Position): string {
  const lines = text.split('\n').slice(start.line, end.line + 1);
  const last = lines.length - 1;
  return lines
    .map((line, at) => line.slice(at === 0 ? start.column : 0, at === last ? end.column : undefined))
    .join('\n');
}
