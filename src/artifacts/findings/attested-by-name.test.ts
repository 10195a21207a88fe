import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AttestedByName, attestedLimits } from './attested-by-name.ts'

const image = `sha256:${'a'.repeat(64)}` as const

const texts = () =>
  new AttestedByName<string>(
    text => text,
    text => text.length,
  )

test('AttestedByName returns the entries of all names of an image, and whether they changed', () => {
  const known = texts()
  const steps: readonly (readonly [name: string, entries: string[], all: string[], changed: boolean])[] = [
    ['shop/web', [], [], false],
    ['shop/web', ['a'], ['a'], true],
    ['shop/web', ['a'], ['a'], false],
    ['other/web', [], ['a'], false],
    ['other/web', ['b', 'a'], ['a', 'b'], true],
    ['other/web', [], ['a'], true],
    ['shop/web', [], [], true],
  ]
  for (const [name, entries, all, changed] of steps) assert.deepEqual(known.set(image, name, entries), { entries: all, changed }, name)
})

test('AttestedByName keeps those of the first names of an image, and of the newest images', () => {
  const known = texts()
  for (let count = 0; count < attestedLimits.names; count++) known.set(image, `n${count}`, [`${count}`])
  assert.equal(known.set(image, 'one-more', ['x']).changed, false)
  for (let count = 0; count < attestedLimits.images; count++) known.set(`sha256:${String(count).padStart(64, '0')}`, 'n', ['x'])
  assert.deepEqual(known.set(image, 'n', ['y']).entries, ['y'])
})

test('AttestedByName forgets the oldest images when all together have too many bytes', () => {
  const known = texts()
  const large = 'x'.repeat(attestedLimits.bytes / 4)
  const named = (count: number) => `sha256:${String(count).padStart(64, '0')}` as const
  for (let count = 0; count < 5; count++) known.set(named(count), 'n', [`${count}${large}`])
  assert.equal(known.set(named(0), 'n', []).changed, false)
  assert.equal(known.set(named(4), 'n', []).changed, true)
})
