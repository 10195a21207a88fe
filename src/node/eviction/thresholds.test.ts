import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultThresholds, type FileSystemFacts, thresholdsMet, thresholdsWith } from './thresholds.ts'

const roomy: FileSystemFacts = { capacityBytes: 1_000_000, availableBytes: 500_000, inodes: 10_000, inodesFree: 5000 }

const cases: [string, Partial<FileSystemFacts>, Partial<FileSystemFacts>, string[]][] = [
  ['nothing where there is room', {}, {}, []],
  ['nothing at the threshold itself', { availableBytes: 100_000 }, { availableBytes: 150_000 }, []],
  ['a full disk of the node', { availableBytes: 99_999 }, {}, ['nodefs.available ephemeral-storage 100000 99999']],
  ['a full disk of images', {}, { availableBytes: 149_999 }, ['imagefs.available ephemeral-storage 150000 149999']],
  ['that inodes are short', { inodesFree: 499 }, {}, ['nodefs.inodesFree inodes 500 499']],
  ['nothing of a file system without a number of inodes', { inodes: 0, inodesFree: 0 }, {}, []],
  [
    'all at once, bytes first',
    { availableBytes: 0, inodesFree: 0 },
    { availableBytes: 0 },
    ['nodefs.available ephemeral-storage 100000 0', 'imagefs.available ephemeral-storage 150000 0', 'nodefs.inodesFree inodes 500 0'],
  ],
]
for (const [name, nodefs, imagefs, want] of cases) {
  test(`thresholdsMet() says ${name}`, () => {
    const met = thresholdsMet(defaultThresholds, { nodefs: { ...roomy, ...nodefs }, imagefs: { ...roomy, ...imagefs }, dedicated: true })
    assert.deepEqual(
      met.map(({ signal, resource, quantity, available }) => `${signal} ${resource} ${quantity} ${available}`),
      want,
    )
  })
}

test('thresholdsWith() accepts other shares, and no unknown signal', () => {
  const full: FileSystemFacts = { ...roomy, availableBytes: 60_000 }
  const signals = (shares: Record<string, number>) =>
    thresholdsMet(thresholdsWith(shares), { nodefs: full, imagefs: full, dedicated: true }).map(({ signal }) => signal)
  assert.deepEqual(signals({}), ['nodefs.available', 'imagefs.available'])
  assert.deepEqual(signals({ 'imagefs.available': 0.05 }), ['nodefs.available'])
  assert.deepEqual(signals({ 'imagefs.available': 0.05, 'nodefs.available': 0 }), [])
  assert.throws(
    () => thresholdsWith({ 'memory.available': 0.1 }),
    /evictionHard: unknown signal "memory.available"; known are nodefs.available, imagefs.available, nodefs.inodesFree/,
  )
})
