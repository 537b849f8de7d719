import { escapeXml } from '../../text/xml.ts';
import type { Digest } from '../digest.ts';
import { startStep } from '../instructions.ts';
import type { ReminderMessage } from '../message.ts';

const footer = 'Sent by webex-token. Reminders never contain the token.';

export function plainText({ summary, action, steps, alternative, facts }: ReminderMessage): string {
  const width = Math.max(...facts.map(({ title }) => title.length)) + 2;
  const lines = facts.map(({ title, value }) => `${`${title}:`.padEnd(width)}${value}`);
  const todo = steps === undefined ? [action] : ['What to do:', '', ...steps.map(numbered)];
  if (alternative !== undefined) todo.push('', alternative);
  return [summary, '', ...todo, '', ...lines, '', footer, ''].join('\n');
}

function numbered(step: string, at: number): string {
  return `${at + 1}. ${step}`;
}

export function html({ subject, summary, action, steps, alternative, facts }: ReminderMessage): string {
  const other = alternative === undefined ? '' : `<p style="margin:10px 0 0">${escapeXml(alternative)}</p>`;
  const todo =
    steps === undefined
      ? `<p style="${boxStyle}">${escapeXml(action)}</p>`
      : `<div style="${boxStyle}"><p style="margin:0;font-weight:600">What to do</p>\n${list(steps)}${other}</div>`;
  return page(subject, `<p style="margin:0 0 12px">${escapeXml(summary)}</p>\n${todo}\n${factTable(facts)}`);
}

/** The body for several reminders: first what is due, then once how to do it. */
export function digestText({ summary, messages }: Digest): string {
  const each = messages.map(({ subject, summary: consequence, link, facts }, at) =>
    [
      numbered(subject, at),
      ...[consequence, usedIn(facts), link].filter((line) => line !== undefined).map((line) => `   ${line}`),
    ].join('\n'),
  );
  const how = ['What to do:', '', ...digestSteps.map(numbered)];
  return [summary, '', each.join('\n\n'), '', ...how, '', footer, ''].join('\n');
}

export function digestHtml({ subject, summary, messages }: Digest): string {
  const rows = messages.map(({ subject: what, summary: consequence, link, facts }) => {
    const title =
      link === undefined ? escapeXml(what) : `<a href="${escapeXml(link)}">${escapeXml(what)}</a>`;
    const place = usedIn(facts);
    const hints = [consequence, place].filter((hint) => hint !== undefined);
    const hint = hints.map((text) => `<br><span style="color:#57606a">${escapeXml(text)}</span>`).join('');
    return `<li style="margin:0 0 10px">${title}${hint}</li>`;
  });
  const how = `<div style="${boxStyle}"><p style="margin:0;font-weight:600">What to do</p>\n${list(digestSteps)}</div>`;
  return page(
    subject,
    `<p style="margin:0 0 12px">${escapeXml(summary)}</p>\n<ol style="margin:0 0 16px;padding-left:24px">\n${rows.join('\n')}\n</ol>\n${how}`,
  );
}

const digestSteps = [
  startStep(),
  'In the browser that opens on that computer, work through the organizations, most urgent first. The links above open their pages.',
];

function usedIn(facts: ReminderMessage['facts']): string | undefined {
  const fact = facts.find(({ title }) => title === 'Used in');
  return fact && `Used in: ${fact.value}`;
}

const boxStyle = 'margin:0 0 16px;padding:12px 16px;border-left:4px solid #0b6472;background:#eef5f6';

function list(steps: readonly string[]): string {
  const items = steps.map((step) => `<li style="margin:6px 0 0">${escapeXml(step)}</li>`);
  return `<ol style="margin:0;padding-left:24px">\n${items.join('\n')}\n</ol>`;
}

function factTable(facts: ReminderMessage['facts']): string {
  const rows = facts.map(
    ({ title, value }) =>
      `<tr><th align="left" style="padding:4px 16px 4px 0;font-weight:600;vertical-align:top">${escapeXml(title)}</th>` +
      `<td style="padding:4px 0">${escapeXml(value)}</td></tr>`,
  );
  return `<table cellspacing="0" cellpadding="0" style="border-collapse:collapse;font-size:15px">
${rows.join('\n')}
</table>`;
}

function page(subject: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeXml(subject)}</title></head>
<body style="margin:0;padding:24px;max-width:44em;font:16px/1.5 system-ui,sans-serif;color:#1b1f24;background:#ffffff">
<h1 style="font-size:20px;margin:0 0 12px">${escapeXml(subject)}</h1>
${body}
<p style="margin:20px 0 0;font-size:13px;color:#57606a">${escapeXml(footer)}</p>
</body></html>
`;
}
