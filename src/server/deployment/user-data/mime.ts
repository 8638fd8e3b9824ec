/**
 * User data as MIME multi-part, the one form AWS Batch takes in a launch template, since it adds a part of its own
 * (docs.aws.amazon.com/batch/latest/userguide/launch-templates.html). Parts are kept as they are written: headers and body are
 * text we do not touch.
 */
export interface MimePart {
  /** Header lines, without the empty one that ends them. */
  headers: string;
  body: string;
}

/** The text is none that a part could be added to; the message says why. */
export class UserDataError extends Error {
  override readonly name = 'UserDataError';
}

/** What cloud-init makes of a text by its first line (cloudinit.readthedocs.io, user-data formats). */
const BY_FIRST_LINE: [RegExp, string][] = [
  [/^#!/, 'text/x-shellscript'],
  [/^#cloud-config\b/, 'text/cloud-config'],
  [/^#cloud-boothook\b/, 'text/cloud-boothook'],
  [/^#include\b/, 'text/x-include-url'],
];

/** The parts of any user data; text that is no multi-part is one part. Throws {@link UserDataError}. */
export function parseUserData(text: string): MimePart[] {
  const unix = text.replaceAll('\r\n', '\n');
  if (unix.trim() === '') return [];
  const [head, rest] = splitHeaders(unix.trimStart());
  const type = header(head, 'content-type');
  if (type !== null && /^multipart\//i.test(type)) return parseMultipart(type, rest);
  const found = BY_FIRST_LINE.find(([pattern]) => pattern.test(unix));
  if (found === undefined) {
    throw new UserDataError(
      'it is neither MIME multi-part nor a script or cloud-config that cloud-init would know by its first line',
    );
  }
  return [{ headers: `Content-Type: ${found[1]}; charset="utf-8"`, body: unix }];
}

function parseMultipart(type: string, text: string): MimePart[] {
  const boundary = /boundary="([^"]+)"|boundary=([^;\s]+)/i.exec(type);
  if (boundary === null) throw new UserDataError('its Content-Type names no boundary between its parts');
  const line = `--${boundary[1] ?? boundary[2]}`;
  const pieces: string[][] = [];
  for (const each of text.split('\n')) {
    if (each.trimEnd() === `${line}--`) break;
    if (each.trimEnd() === line) pieces.push([]);
    else pieces.at(-1)?.push(each);
  }
  if (pieces.length === 0) throw new UserDataError(`no part begins with the boundary it names, ${line}`);
  return pieces.map((piece) => {
    const [headers, body] = splitHeaders(piece.join('\n'));
    return { headers, body };
  });
}

/** The boundary occurs in no part, so that any text can be one. */
export function renderUserData(parts: readonly MimePart[]): string {
  let boundary = '==BATCHPOINT==';
  while (parts.some(({ body }) => body.includes(boundary))) boundary = `=${boundary}=`;
  const rendered = parts.map(({ headers, body }) => `--${boundary}\n${headers}\n\n${body.replace(/\n*$/, '')}\n\n`);
  return `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="${boundary}"\n\n${rendered.join('')}--${boundary}--\n`;
}

/** Headers end at the first empty line. Text without one, or that begins with one, is taken to have none. */
function splitHeaders(text: string): [headers: string, body: string] {
  if (text.startsWith('\n')) return ['', text.slice(1)];
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const isHead = head.split('\n').every((line) => /^([!-9;-~]+:|[ \t])/.test(line));
  if (!isHead) return ['', text];
  return end < 0 ? [head, ''] : [head, text.slice(end + 2)];
}

/** The value, its continuation lines joined. */
function header(head: string, name: string): string | null {
  const unfolded = head.replaceAll(/\n[ \t]+/g, ' ');
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(unfolded)?.[1] ?? null;
}
