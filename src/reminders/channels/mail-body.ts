import { escapeXml } from '../../text/xml.ts';
import type { ReminderMessage } from '../message.ts';

export function plainText({ summary, action, facts }: ReminderMessage): string {
  const width = Math.max(...facts.map(({ title }) => title.length)) + 2;
  const lines = facts.map(({ title, value }) => `${`${title}:`.padEnd(width)}${value}`);
  return [summary, '', action, '', ...lines, '', footer, ''].join('\n');
}

export function html({ subject, summary, action, facts }: ReminderMessage): string {
  const rows = facts.map(
    ({ title, value }) =>
      `<tr><th align="left" style="padding:4px 16px 4px 0;font-weight:600;vertical-align:top">${escapeXml(title)}</th>` +
      `<td style="padding:4px 0">${escapeXml(value)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeXml(subject)}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif;color:#1b1f24;background:#ffffff">
<h1 style="font-size:20px;margin:0 0 12px">${escapeXml(subject)}</h1>
<p style="margin:0 0 12px">${escapeXml(summary)}</p>
<p style="margin:0 0 16px;padding:12px 16px;border-left:4px solid #0b6bcb;background:#eef5fc">${escapeXml(action)}</p>
<table cellspacing="0" cellpadding="0" style="border-collapse:collapse;font-size:15px">
${rows.join('\n')}
</table>
<p style="margin:20px 0 0;font-size:13px;color:#57606a">${escapeXml(footer)}</p>
</body></html>
`;
}

const footer = 'Sent by webex-token. Reminders never contain the token.';
