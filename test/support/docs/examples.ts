import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** The documents that a user or an operator reads. */
export const documents = [...globSync(['*.md', 'docs/*.md', 'deploy/**/*.md'], { cwd: root })]
  .filter((path) => path !== 'CHANGELOG.md')
  .sort();

export interface Example {
  document: string;
  line: number;
  /** The language of a fenced block: `sh`, `powershell`, empty. Null for code within a sentence. */
  language: string | null;
  text: string;
}

/** The fenced blocks and the code within sentences of all documents. */
export function examples(): Example[] {
  return documents.flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8');
    const lineOf = (index: number) => text.slice(0, index).split('\n').length;
    const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].map((match) => ({
      document,
      line: lineOf(match.index),
      language: match[1] ?? '',
      text: match[2] ?? '',
    }));
    const rest = text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ' '));
    const spans = [...rest.matchAll(/`([^`\n]+)`/g)].map((match) => ({
      document,
      line: lineOf(match.index),
      language: null,
      text: match[1] ?? '',
    }));
    return [...blocks, ...spans];
  });
}

/** The arguments of each `webex-token` command in a text, without those that only the shell reads. */
export function commandsIn(text: string): string[][] {
  const joined = text.replaceAll(/\s*\\\n\s*/g, ' ');
  return [...joined.matchAll(atCommandPosition)].map(([, rest = '']) => wordsOf(rest));
}

/** Where a shell expects a command: elsewhere, the name is that of a user, a folder or a namespace. */
const atCommandPosition = /(?:^\s*|[(`;|&]\s*|\bnpx |=\S+ )webex-token(?=[ \n`]|$)([^\n]*)/gm;

/** Up to a pipe, a redirection, a comment, or the explanation in the next column. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  const pattern = /\s{2,}|\s*(?:"((?:\\.|[^"\\])*)"|'([^']*)'|([^\s|&;<>()#"'`]+)|([|&;<>()#`]))/gy;
  for (const [all, double, single, bare, end] of text.matchAll(pattern)) {
    if (end !== undefined || (all.trim() === '' && words.length > 0)) break;
    const word = double ?? single ?? bare;
    if (word !== undefined) words.push(word);
  }
  return words;
}

/** The lines of shell in the documents, each once. A line that continues after a backslash or a pipe counts as one. */
export function shellLines(): string[] {
  const lines = examples().flatMap(({ document, language, text }) => {
    if (language === 'sh') return linesOf(text);
    // The examples of a command's help, without the explanation next to them.
    if (document !== 'docs/cli.md' || language !== '') return [];
    const [, list = ''] = /^Examples?:\n((?: {2}.*\n)+)/m.exec(text) ?? [];
    return linesOf(list).map((line) => line.replace(/(\S) {2,}\S.*$/, '$1'));
  });
  return [...new Set(lines)];
}

function linesOf(text: string): string[] {
  const joined = text.replaceAll(/\s*\\\n\s*/g, ' ').replaceAll(/(\||&&)\n\s*/g, '$1 ');
  return joined
    .split('\n')
    .map((line) =>
      line
        .replace(/\s+# .*$|^#.*$/, '')
        .trim()
        .replace(/^npx /, ''),
    )
    .filter((line) => line !== '');
}
