import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesImageGlob, parseImageGlob } from './image-glob.ts'

test('matchesImageGlob() takes one star within a segment and two across segments', () => {
  const rows: readonly [string, readonly string[], readonly string[]][] = [
    [
      'docker.io/library/nginx',
      ['docker.io/library/nginx'],
      ['docker.io/library/nginx2', 'docker.io/library/ngin', 'xdocker.io/library/nginx'],
    ],
    [
      'r.example.com:5000/shop/*',
      ['r.example.com:5000/shop/web', 'r.example.com:5000/shop/'],
      ['r.example.com:5000/shop/web/a', 'r.example.com:5000/shop'],
    ],
    ['r.example.com/**', ['r.example.com/a', 'r.example.com/a/b/c'], ['r.example.com', 'r.example.comx/a', 'xr.example.com/a']],
    ['**', ['a/b', 'docker.io/library/nginx'], []],
    ['*/web', ['r/web'], ['r/a/web', 'web']],
    ['**/web', ['r/web', 'r/a/web'], ['web', 'r/web2']],
    ['r/*-*/x*z', ['r/a-b/xyz', 'r/-/xz'], ['r/ab/xyz', 'r/a-b/xy']],
    ['[::1]:5000/a', ['[::1]:5000/a'], [':']],
  ]
  for (const [glob, matching, others] of rows) {
    const parsed = parseImageGlob(glob, 'images[0]')
    for (const name of matching) assert.equal(matchesImageGlob(parsed, name), true, `${glob} ${name}`)
    for (const name of others) assert.equal(matchesImageGlob(parsed, name), false, `${glob} ${name}`)
  }
})

test('matchesImageGlob() takes time in proportion to the name', () => {
  const glob = parseImageGlob('**a**a**a**a**a**a**a**b', 'images[0]')
  const started = performance.now()
  assert.equal(matchesImageGlob(glob, 'a'.repeat(10_000)), false)
  // 20 steps for each character; one after the other would be 10^27.
  assert.ok(performance.now() - started < 60_000)
})

test('parseImageGlob() refuses tags, digests, and what is no name', () => {
  for (const text of ['', 'a:1.0', 'r/a:1.0', 'r/a@sha256:0', 'a b', '***', '*'.repeat(600), '*a*a*a*a*a*a*a*a*', 'r/\n'])
    assert.throws(() => parseImageGlob(text, 'images[0]'), /^UserError: images\[0\] must/, text)
})
