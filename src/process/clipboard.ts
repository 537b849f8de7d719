import { setTimeout as sleep } from 'node:timers/promises';
import { type HelperResult, runHelper } from './run-helper.ts';

export interface Clipboard {
  /** Empty if the clipboard holds no text. Null if it cannot be read: it may hold anything. */
  read(): Promise<string | null>;
  /** Returns when the clipboard holds the text. Throws if no clipboard is available. */
  write(text: string): Promise<void>;
}

interface ClipboardTool {
  file: string;
  copy: string[];
  paste: string[];
}

/** The text is passed only through standard input and output: every user of the machine can see arguments. */
export function clipboardTools(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): ClipboardTool[] {
  if (platform === 'darwin') return [{ file: 'pbcopy', copy: [], paste: [] }];
  if (platform === 'win32' || environment.WSL_DISTRO_NAME) return [powershell];
  return [...(environment.WAYLAND_DISPLAY ? [wayland] : []), ...x11];
}

const wayland: ClipboardTool = { file: 'wl-copy', copy: [], paste: ['--no-newline'] };

const x11: ClipboardTool[] = [
  { file: 'xsel', copy: ['--clipboard', '--input'], paste: ['--clipboard', '--output'] },
  { file: 'xclip', copy: ['-selection', 'clipboard', '-in'], paste: ['-selection', 'clipboard', '-out'] },
];

/** The programs that read the clipboard, if they differ from those that write it. */
const readers: Record<string, string> = { pbcopy: 'pbpaste', 'wl-copy': 'wl-paste' };

const powershellArguments = (script: string) => [
  '-NoProfile',
  '-NonInteractive',
  '-EncodedCommand',
  Buffer.from(`$ErrorActionPreference = 'Stop'; ${script}`, 'utf16le').toString('base64'),
];

const powershell: ClipboardTool = {
  file: 'powershell.exe',
  copy: powershellArguments(
    '$reader = New-Object IO.StreamReader([Console]::OpenStandardInput(), [Text.Encoding]::UTF8); $text = $reader.ReadToEnd(); if ($text) { Set-Clipboard -Value $text } else { Set-Clipboard -Value $null }',
  ),
  paste: powershellArguments(
    '[Console]::OutputEncoding = [Text.Encoding]::UTF8; [Console]::Out.Write([string](Get-Clipboard -Raw))',
  ),
};

/**
 * A program that reads gets no reply, and waits forever, if the request was lost: with xsel, this happens now and then while
 * another process takes the clipboard. It is then started again. Milliseconds.
 */
const replyTimeoutMs = 3_000;
const maxReads = 5;

/** The errors of wl-paste and xclip if the clipboard is empty or holds something that is not text. */
const noText =
  /^(Nothing is copied|No selection|No suitable type of content|Error: target \S+ not available)/m;

/** How long to wait until the clipboard returns what was written, and between looks. Milliseconds. */
const takenWithinMs = 2_000;
const takenPollMs = 20;

/** The desktop's clipboard, through the first clipboard program of the system that works. */
export function systemClipboard(): Clipboard {
  const tools = clipboardTools(process.platform, process.env);
  return {
    async read() {
      const paste = async ({ file, paste: args }: ClipboardTool): Promise<HelperResult> => {
        for (let reads = 1; ; reads += 1) {
          const result = await runHelper(readers[file] ?? file, args, {
            ...options(),
            timeoutMs: replyTimeoutMs,
          });
          if (result.code === 1 && noText.test(result.stderr)) return { ...result, code: 0, stdout: '' };
          if (result.failure !== 'timeout' || reads === maxReads) return result;
        }
      };
      return (await firstThatWorks(tools, paste))?.stdout ?? null;
    },
    async write(text) {
      // The program may keep running, as long as the desktop requests the text from it.
      const copy = ({ file, copy: args }: ClipboardTool) =>
        runHelper(file, args, { ...options(), input: text, ignoreOutput: true });
      if ((await firstThatWorks(tools, copy)) === null) throw new Error('no clipboard program worked');
      // xsel and wl-copy end before the process that they leave behind has taken the clipboard.
      const deadline = performance.now() + takenWithinMs;
      while (performance.now() < deadline && (await this.read()) !== text) await sleep(takenPollMs);
    },
  };
}

/** pbcopy and pbpaste use the encoding of the locale, which may be ASCII without a terminal. */
function options() {
  return process.platform === 'darwin' ? { environment: { LC_CTYPE: 'UTF-8' } } : {};
}

async function firstThatWorks(
  tools: readonly ClipboardTool[],
  run: (tool: ClipboardTool) => Promise<HelperResult>,
): Promise<HelperResult | null> {
  for (const tool of tools) {
    const result = await run(tool);
    if (result.code === 0) return result;
  }
  return null;
}
