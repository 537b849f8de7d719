import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type HelperResult, runHelper } from '../../process/run-helper.ts';
import { escapeXml } from '../../text/xml.ts';
import { digestOf } from '../digest.ts';
import type { Channel } from './channel.ts';

/** Runs a program, never through a shell. */
export type RunProgram = (
  file: string,
  args: string[],
  environment?: Record<string, string>,
) => Promise<Pick<HelperResult, 'code' | 'failure'>>;

export interface Desktop {
  platform: NodeJS.Platform;
  environment: NodeJS.ProcessEnv;
  run: RunProgram;
}

export const currentDesktop: Desktop = {
  platform: process.platform,
  environment: process.env,
  run: (file, args, environment = {}) => runHelper(file, args, { environment }),
};

interface Notifier {
  file: string;
  args: (title: string, text: string) => string[];
  environment?: (title: string, text: string) => Record<string, string>;
}

/** Notifications on the desktop of this machine. Null if there is no desktop. */
export function desktopChannel({ platform, environment, run }: Desktop = currentDesktop): Channel | null {
  const notifier = notifierOf(platform, environment);
  if (notifier === null) return null;
  return {
    name: 'desktop',
    target: 'this desktop',
    deliver: ({ subject, summary, shortAction }) => notify(subject, `${summary} ${shortAction}`),
    digest: {
      deliver: (messages) => {
        const [first] = messages;
        const { subject, shortText } = digestOf(messages);
        if (first === undefined || messages.length > 1) return notify(subject, shortText);
        return notify(first.subject, `${first.summary} ${first.shortAction}`);
      },
    },
    close: () => {},
  };

  async function notify(title: string, text: string): Promise<void> {
    if (notifier === null) return;
    const { file } = notifier;
    const { code, failure } = await run(
      file,
      notifier.args(title, text),
      notifier.environment?.(title, text),
    );
    if (code !== 0) throw new Error(`${file} exited with ${failure ?? code}`);
  }
}

function notifierOf(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): Notifier | null {
  switch (platform) {
    case 'darwin':
      return macos;
    case 'win32':
      return windows;
    default: {
      const { DISPLAY, WAYLAND_DISPLAY, PATH = '' } = environment;
      if (!DISPLAY && !WAYLAND_DISPLAY) return null;
      return isOnPath('notify-send', PATH) ? linux : null;
    }
  }
}

/** The text is escaped because notifications may interpret markup. */
const linux: Notifier = {
  file: 'notify-send',
  args: (title, text) => ['--app-name=webex-token', '--urgency=critical', '--', title, escapeXml(text)],
};

/** The texts are arguments, never part of the script. */
const macos: Notifier = {
  file: 'osascript',
  args: (title, text) => [
    '-e',
    'on run argv',
    '-e',
    'display notification (item 2 of argv) with title (item 1 of argv)',
    '-e',
    'end run',
    title,
    text,
  ],
};

/** The texts are environment variables, because PowerShell would run arguments as script. */
const windows: Notifier = {
  file: 'powershell.exe',
  args: () => ['-NoProfile', '-NonInteractive', '-Command', toast],
  environment: (title, text) => ({ WEBEX_TOKEN_TOAST_TITLE: title, WEBEX_TOKEN_TOAST_TEXT: text }),
};

const toast = [
  "$ErrorActionPreference = 'Stop'",
  '[void][Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]',
  '$xml = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent([Windows.UI.Notifications.ToastTemplateType]::ToastText02)',
  "$lines = $xml.GetElementsByTagName('text')",
  '[void]$lines.Item(0).AppendChild($xml.CreateTextNode($env:WEBEX_TOKEN_TOAST_TITLE))',
  '[void]$lines.Item(1).AppendChild($xml.CreateTextNode($env:WEBEX_TOKEN_TOAST_TEXT))',
  "$app = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'",
  '[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($app).Show([Windows.UI.Notifications.ToastNotification]::new($xml))',
].join('; ');

function isOnPath(name: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}
