import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AttestedByName, attestedLimits } from './attested-by-name.ts'

const image = `sha256:${'a'.repeat(64)}` as const

test('AttestedByName returns the entries of all names of an image, and whether they changed', () => {
  const known = new AttestedByName<string>(text => text)
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
  const known = new AttestedByName<string>(text => text)
  for (let count = 0; count < attestedLimits.names; count++) known.set(image, `n${count}`, [`${count}`])
  assert.equal(known.set(image, 'one-more', ['x']).changed, false)
  for (let count = 0; count < attestedLimits.images; count++) known.set(`sha256:${String(count).padStart(64, '0')}`, 'n', ['x'])
  assert.deepEqual(known.set(image, 'n', ['y']).entries, ['y'])
})
