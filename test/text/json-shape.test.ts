import { describe, expect, it } from 'vitest';
import { isNumberOrNull, isObject, isStringList, isStringOrNull } from '../../src/text/json-shape.ts';

const values = {
  list: [],
  texts: ['a', 'b'],
  mixed: ['a', 1],
  object: {},
  text: '',
  number: 0,
  truth: true,
  nothing: null,
};
const accepted = (check: (value: unknown) => boolean) =>
  Object.entries(values).flatMap(([name, value]) => (check(value) ? [name] : []));

describe('the shape of parsed JSON', () => {
  it.each<[string, (value: unknown) => boolean, string[]]>([
    ['a list of strings', isStringList, ['list', 'texts']],
    ['an object', isObject, ['object']],
    ['a string or null', isStringOrNull, ['text', 'nothing']],
    ['a number or null', isNumberOrNull, ['number', 'nothing']],
  ])('is recognized: %s', (_, check, names) => {
    expect(accepted(check)).toEqual(names);
    expect(check(undefined)).toBe(false);
  });
});
