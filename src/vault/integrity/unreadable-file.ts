/** A warning about a file with the state last seen. A damaged file is written again, so its warning comes only once. */
export function unreadableFile(file: string, consequence: string): string {
  // Root may have written it into a folder of root: it ran a command with this key file.
  const help = 'If this message comes again, make the file readable for this user, or delete it.';
  return `${file} is damaged or cannot be read, ${consequence}. ${help}`;
}
