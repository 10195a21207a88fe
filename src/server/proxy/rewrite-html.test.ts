import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { htmlRewriter } from './rewrite-html.ts'

const prefix = '/api/v1/namespaces/d/pods/p/proxy'
const page = { backendHost: '10.0.0.1:80', clientHost: 'api:6443', prefix }

/** In pieces of this many bytes. */
async function rewritten(html: string, piece = html.length): Promise<string> {
  const stream = htmlRewriter(page)
  const bytes = Buffer.from(html)
  const out: Buffer[] = []
  stream.on('data', (chunk: Buffer) => out.push(chunk))
  for (let at = 0; at < bytes.length; at += piece) stream.write(bytes.subarray(at, at + piece))
  stream.end()
  await new Promise(resolve => stream.once('end', resolve))
  return Buffer.concat(out).toString()
}

const pages: [name: string, html: string, want?: string][] = [
  ['an absolute path', '<a href="/x?q=1">x</a>', `<a href="${prefix}/x?q=1">x</a>`],
  [
    'single quotes, none, spaces and upper case',
    `<A HREF = '/x'><img src=/y/ alt=z>`,
    `<A HREF = '${prefix}/x'><img src=${prefix}/y/ alt=z>`,
  ],
  ['the backend’s own host', '<link href="http://10.0.0.1:80/s.css"/>', `<link href="${prefix}/s.css"/>`],
  ['another host', '<a href="https://example.org/x">'],
  ['a relative path', '<a href="x"><img src="">'],
  ['what leads through the proxy already', `<a href="${prefix}/x">`],
  ['an attribute that does not hold a URL', '<a title="/x" data-href="/y"><p href="/z">'],
  [
    'a form, a video',
    '<form action="/f"><video poster="/p" src="/v">',
    `<form action="${prefix}/f"><video poster="${prefix}/p" src="${prefix}/v">`,
  ],
  [
    'a script',
    '<script src="/a.js">if (a<b) "<a href=/x>"</script><a href="/y">',
    `<script src="${prefix}/a.js">if (a<b) "<a href=/x>"</script><a href="${prefix}/y">`,
  ],
  ['a comment', '<!-- <a href="/x"> > --><a href="/y">', `<!-- <a href="/x"> > --><a href="${prefix}/y">`],
  ['a document type and end tags', '<!DOCTYPE html><p></p href="/x"><?php <a ?>'],
  ['a greater-than sign in a value', '<a title=">" href="/x">', `<a title=">" href="${prefix}/x">`],
  ['no tag at all', 'a < b && c > d <3 <'],
  ['a tag without an end', '<p>ok<a href="/x'],
  ['letters beyond ASCII', '<p title="ü">日本<a href="/é">', `<p title="ü">日本<a href="${prefix}/é">`],
  ['attributes without values', '<input disabled src="/i" / usemap>', `<input disabled src="${prefix}/i" / usemap>`],
]
for (const [name, html, want = html] of pages) {
  test(`htmlRewriter(): ${name}`, async () => {
    assert.equal(await rewritten(html), want)
    for (const piece of [1, 2, 7]) assert.equal(await rewritten(html, piece), want, `in pieces of ${piece}`)
  })
}

test('htmlRewriter() does not change input without absolute paths, however it is split', async () => {
  const parts = fc.constantFrom(
    '<',
    '>',
    'a',
    ' ',
    '"',
    "'",
    '=',
    '-',
    '!',
    '<!--',
    '-->',
    '<script>',
    '</script>',
    '<a href=',
    'x',
    '<img src="y">',
    'é',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(parts, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), async (words, piece) => {
      const html = words.join('')
      assert.equal(await rewritten(html, piece), html)
    }),
  )
})

test('htmlRewriter() buffers at most a tag, and passes longer ones unchanged', async () => {
  const endless = `<a href="/x" title="${'y'.repeat(200_000)}`
  assert.equal(await rewritten(endless, 10_000), endless)
})
