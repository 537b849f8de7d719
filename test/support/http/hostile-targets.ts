import fc from 'fast-check';

/** Text made of the pieces with which a path could lead to another host; `more` are further pieces. */
export function hostileTargets(...more: string[]): fc.Arbitrary<string> {
  const pieces = [
    '/',
    '\\',
    '.',
    '..',
    '%2e',
    '%5c',
    '%2f',
    'evil.example',
    '@',
    ':',
    '?',
    '#',
    'http://',
    ...more,
  ];
  return fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(''));
}
