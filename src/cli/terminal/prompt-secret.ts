import { minPassphraseLength } from '../../crypto/passphrase.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { note } from './terminal.ts';

/** Asks for a passphrase without showing it. Null if there is no terminal. Throws `E_USAGE` on Ctrl-C. */
export async function promptSecret(question: string): Promise<string | null> {
  return hasTerminal() ? await withoutEcho(() => ask(question)) : null;
}

/** A new passphrase: `set`, or else the user types it twice. Throws `E_USAGE` if there is neither a value nor a terminal. */
export async function newPassphrase(set: string | null, variable: string): Promise<string> {
  if (set !== null) return set;
  if (!hasTerminal()) {
    throw new BrokerError('E_USAGE', 'A passphrase is required, and there is no terminal to type it on.', {
      help: `Set ${variable}.`,
    });
  }
  return await withoutEcho(async () => {
    const first = await ask('New passphrase');
    if (first.length < minPassphraseLength) {
      throw new BrokerError('E_USAGE', `The passphrase is shorter than ${minPassphraseLength} characters.`, {
        help: 'Several unrelated words are the easiest to remember.',
      });
    }
    if ((await ask('Repeat the passphrase')) !== first) {
      throw new BrokerError('E_USAGE', 'The passphrases do not match. Nothing was changed.');
    }
    return first;
  });
}

function hasTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Until the last question is answered, the terminal shows nothing that is typed or pasted. */
async function withoutEcho<T>(questions: () => Promise<T>): Promise<T> {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.ref();
  try {
    return await questions();
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stdin.unref();
  }
}

async function ask(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(`${question}: `);
  let typed = '';
  try {
    // By default, the end of a loop destroys the stream, and there would be no second question.
    for await (const text of stdin.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
      const characters = [...text];
      for (const [index, character] of characters.entries()) {
        if (character === '\r' || character === '\n') {
          // What was pasted after it answers the next question.
          const rest = characters.slice(index + 1).join('');
          if (rest !== '') stdin.unshift(rest);
          return typed;
        }
        // Ctrl-C, and Ctrl-D on an empty line.
        if (character === '\u0003' || (character === '\u0004' && typed === '')) throw canceled();
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('');
        else if (character >= ' ') typed += character;
      }
    }
    throw canceled();
  } finally {
    note('');
  }
}

function canceled(): BrokerError {
  return new BrokerError('E_USAGE', 'Canceled. Nothing was changed.');
}
