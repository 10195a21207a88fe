import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AttestedByName, attestedLimits } from './attested-by-name.ts'

const image = `sha256:${'a'.repeat(64)}` as const

const texts = () => new AttestedByName<string>({ keyOf: text => text, sizeOf: text => text.length })
const name = (text: string) => {
  const [namespace = '', repository = ''] = text.split('/')
  return { namespace, repository }
}

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
  for (const [of, entries, all, changed] of steps) assert.deepEqual(known.set(image, name(of), entries), { entries: all, changed }, of)
})

const documents = () =>
  new AttestedByName<{ readonly id: string; readonly number: number }>({
    keyOf: JSON.stringify,
    sizeOf: () => 1,
    versionOf: ({ id, number }) => ({ id, number, time: 0 }),
  })

test('AttestedByName lets nobody hold back a newer version by an old one under many names', () => {
  const known = documents()
  const [old, withdrawn] = [
    { id: 'vex', number: 1 },
    { id: 'vex', number: 2 },
  ]
  for (let count = 0; count < attestedLimits.names; count++) known.set(image, name(`attacker/copy-${count}`), [old])
  assert.deepEqual(known.set(image, name('shop/web'), [withdrawn]), { entries: [withdrawn], changed: true })
  assert.deepEqual(known.set(image, name('attacker/one-more'), [old]), { entries: [withdrawn], changed: false })
  // Who signed the newer one does not run the image any more.
  assert.deepEqual(known.set(image, name('shop/web'), []).entries, [])
  assert.deepEqual(known.set(image, name('attacker/copy-7'), [old]).entries, [])
})

test('AttestedByName makes room at the expense of the namespace with the most names', () => {
  const known = texts()
  known.set(image, name('shop/web'), ['shop'])
  for (let count = 0; count < 2 * attestedLimits.names; count++) known.set(image, name(`attacker/${count}`), [`a${count}`])
  const { entries } = known.set(image, name('other/web'), ['other'])
  assert.equal(entries.length, attestedLimits.names)
  assert.ok(entries.includes('shop') && entries.includes('other') && entries.includes(`a${2 * attestedLimits.names - 1}`))
})

test('AttestedByName keeps those of the newest images', () => {
  const known = texts()
  known.set(image, name('n/n'), ['x'])
  for (let count = 0; count < attestedLimits.images; count++) known.set(`sha256:${String(count).padStart(64, '0')}`, name('n/n'), ['x'])
  assert.deepEqual(known.set(image, name('m/n'), ['y']).entries, ['y'])
})

test('AttestedByName forgets the oldest images when all together have too many bytes', () => {
  const known = texts()
  const large = 'x'.repeat(attestedLimits.bytes / 4)
  const named = (count: number) => `sha256:${String(count).padStart(64, '0')}` as const
  for (let count = 0; count < 5; count++) known.set(named(count), name('n/n'), [`${count}${large}`])
  assert.equal(known.set(named(0), name('n/n'), []).changed, false)
  assert.equal(known.set(named(4), name('n/n'), []).changed, true)
})
