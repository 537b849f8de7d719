/** A parser that returns a text unchanged if it is valid, and undefined if it is not. */
export function accepting(isValid: (text: string) => boolean): (text: string) => string | undefined {
  return (text) => (isValid(text) ? text : undefined);
}

export function matching(form: RegExp): (text: string) => string | undefined {
  return accepting((text) => form.test(text));
}

/** Accepts any text. An empty setting counts as not set. */
export const anyText = accepting(() => true);
