import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseReference, parseUrl, uriProblem } from './go-url.ts'

const parts = ['scheme', 'user', 'host', 'path', 'query', 'fragment'] as const
const read: readonly [text: string, read: Partial<Record<(typeof parts)[number], string>>][] = [
  ['', {}],
  ['foo', { path: 'foo' }],
  ['//x/y', { host: 'x', path: '/y' }],
  ['///x', { path: '///x' }],
  ['https:///x', { scheme: 'https', path: '/x' }],
  ['HTTPS://X/Y', { scheme: 'https', host: 'X', path: '/Y' }],
  ['https:x', { scheme: 'https' }],
  ['https://u:p@x:1/y?q=1#f%20g', { scheme: 'https', user: 'u:p', host: 'x:1', path: '/y', query: 'q=1', fragment: 'f g' }],
  ['a#b=c?d.e/f:g//:h', { path: 'a', fragment: 'b=c?d.e/f:g//:h' }],
  ['https://[::1]:8', { scheme: 'https', host: '[::1]:8' }],
  ['https://[fe80::1%25en%41]/', { scheme: 'https', host: '[fe80::1%enA]', path: '/' }],
  ['https://%C3%A9/', { scheme: 'https', host: 'é', path: '/' }],
]
for (const [text, expected] of read) {
  test(`parseReference() reads "${text}"`, () => {
    const found = parseReference(text)
    assert.ok(typeof found !== 'string', String(found))
    const given = parts.filter(part => (found[part] ?? '') !== '').map(part => [part, found[part]])
    assert.deepEqual(Object.fromEntries(given), expected)
  })
}

const refused: readonly [text: string, why: string][] = [
  [':foo', 'parse ":foo": missing protocol scheme'],
  ['a b:c', 'parse "a b:c": first path segment in URL cannot contain colon'],
  ['1a:b#c', 'parse "1a:b": first path segment in URL cannot contain colon'],
  ['https://x y/', 'parse "https://x y/": invalid character " " in host name'],
  ['https://x:port/', 'parse "https://x:port/": invalid port ":port" after host'],
  ['https://[::1', `parse "https://[::1": missing ']' in host`],
  ['https://x/%zz/%20', 'parse "https://x/%zz/%20": invalid URL escape "%zz"'],
  ['https://%41/', 'parse "https://%41/": invalid URL escape "%41"'],
  ['https://[fe80::1%en0]/', 'parse "https://[fe80::1%en0]/": invalid URL escape "%en"'],
  ['https://[fe80::1%25%2F]/', 'parse "https://[fe80::1%25%2F]/": invalid URL escape "%2F"'],
  ['https://[a b]/', 'parse "https://[a b]/": invalid character " " in host name'],
  ['https://x/#%z', 'parse "https://x/#%z": invalid URL escape "%z"'],
  ['a\nb', 'parse "a\\nb": net/url: invalid control character in URL'],
]
for (const [text, why] of refused) {
  test(`parseReference() refuses ${JSON.stringify(text)}`, () => assert.equal(parseReference(text), why))
}

test('parseUrl() requires an absolute URL', () => {
  assert.equal(parseUrl(''), 'parse "": empty url')
  assert.equal(parseUrl('foo'), 'parse "foo": invalid URI for request')
  assert.ok(typeof parseUrl('/foo') !== 'string')
  assert.ok(typeof parseUrl('*') !== 'string')
})

test('parseUrl() validates a URL as if it had no fragment, and then parses the fragment', () => {
  assert.equal(uriProblem('//a b/'), undefined)
  assert.equal(parseUrl('//a b/'), 'parse "//a b/": invalid character " " in host name')
  assert.equal(parseUrl('https://a#b'), 'parse "https://a#b": invalid character "#" in host name')
  const read = parseUrl('//a/b#c')
  assert.ok(typeof read !== 'string')
  assert.deepEqual([read.host, read.path, read.fragment], ['a', '/b', 'c'])
})
