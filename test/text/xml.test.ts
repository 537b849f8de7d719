import { describe, expect, it } from 'vitest';
import { escapeXml, unescapeXml } from '../../src/text/xml.ts';

describe('escapeXml', () => {
  it('escapes what ends an element or an attribute', () => {
    expect(escapeXml(`a & <b> "c" 'd'`)).toBe(`a &amp; &lt;b&gt; &quot;c&quot; 'd'`);
  });
});

describe('unescapeXml', () => {
  it('reverses it', () => {
    const text = `&amp; <>"' &lt;`;
    expect(unescapeXml(escapeXml(text))).toBe(text);
  });

  it.each([
    ['decimal references', '&#38;&#128512;', '&😀'],
    ['hexadecimal references', '&#x26;&#X1f600;&#x1F600;', '&😀😀'],
    ['names in any case', '&AMP;&lt;&Gt;&quot;&apos;', `&<>"'`],
    ['several digits', '&#x0041;&#0066;', 'AB'],
  ])('knows %s', (_, text, expected) => {
    expect(unescapeXml(text)).toBe(expected);
  });

  it('leaves anything else as it is', () => {
    expect(unescapeXml('&nbsp; & &#; &#x; &#xg; &#1 a;')).toBe('&nbsp; & &#; &#x; &#xg; &#1 a;');
  });
});
