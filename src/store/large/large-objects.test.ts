import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { turn } from '../../base/async/turns.ts'
import { silentLogger } from '../../base/log.ts'
import { stillHeld } from '../../base/testing/retained-bytes.testing.ts'
import { collectGarbage } from '../../base/v8/collect-garbage.ts'
import { type LargeBytes, LargeObjects } from './large-objects.ts'
import { OverflowFolder } from './overflow-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'bulkhead-large-'))
after(() => rmSync(root, { recursive: true }))
let made = 0

function opened(cacheBytes: number) {
  const path = join(root, `${made++}`)
  const large = new LargeObjects({ folder: new OverflowFolder(path), log: silentLogger, cacheBytes })
  large.loaded()
  return { large, path }
}
const text = (number: number) => Buffer.alloc(1000, `object ${number} `)
const until = async (holds: () => boolean) => {
  while (!holds()) await turn()
}

test('LargeObjects keeps objects that fit in memory, without writing files', () => {
  const { large, path } = opened(3000)
  const held = [1, 2, 3].map(number => large.hold(text(number)))
  assert.deepEqual(
    held.map(bytes => bytes.read().toString()),
    [1, 2, 3].map(number => text(number).toString()),
  )
  assert.deepEqual([large.bytesInMemory, large.files, readdirSync(path)], [3000, 0, []])
})

test('LargeObjects holds at most its cache in memory, and reads back what it wrote', {
  timeout: 60_000,
}, async () => {
  const { large } = opened(3000)
  const held = Array.from({ length: 20 }, (_, number) => large.hold(text(number)))
  await until(() => large.files === 17 && large.bytesInMemory === 3000)
  for (let round = 0; round < 3; round++) {
    for (const [number, bytes] of held.entries()) {
      assert.ok(bytes.read().equals(text(number)))
      // Objects that leave memory are still being written for a while.
      await until(() => large.bytesInMemory === 3000)
    }
  }
  assert.ok(large.files >= 17)
})

test('LargeObjects keeps the most recently used objects', { timeout: 60_000 }, async () => {
  const { large } = opened(2000)
  const [first, second] = [large.hold(text(1)), large.hold(text(2))]
  first.read()
  large.hold(text(3))
  await until(() => large.files === 1)
  assert.deepEqual([first.bytes === undefined, second.bytes === undefined], [false, true])
})

test('LargeObjects lends the same bytes to all who read at once', { timeout: 60_000 }, async () => {
  const { large } = opened(0)
  const one = large.hold(text(1))
  large.hold(text(2))
  await until(() => one.bytes === undefined)
  const read = one.read()
  large.hold(text(3))
  await until(() => one.bytes === undefined)
  assert.equal(one.read(), read)
})

test('LargeObjects removes the file of an object that nothing refers to', { timeout: 60_000 }, async () => {
  const { large, path } = opened(0)
  let one: LargeBytes | undefined = large.hold(text(1))
  const last = large.hold(text(2))
  await until(() => one?.bytes === undefined)
  assert.equal(readdirSync(path).length, 1)
  const held = new WeakRef(one)
  one = undefined
  await turn()
  assert.equal(stillHeld([held]), 0)
  await until(() => large.files === 0 && readdirSync(path).length === 0)
  assert.ok(last.read().equals(text(2)))
})

test('LargeObjects refuses a file that was changed', { timeout: 60_000 }, async () => {
  const { large, path } = opened(0)
  const one = large.hold(text(1))
  large.hold(text(2))
  await until(() => one.bytes === undefined)
  const [name = ''] = readdirSync(path)
  const file = join(path, name)
  const sealed = readFileSync(file)
  assert.equal(sealed.includes('object'), false)
  sealed[10] = (sealed[10] ?? 0) ^ 1
  writeFileSync(file, sealed)
  collectGarbage()
  assert.throws(() => one.read())
})

test('LargeObjects keeps objects in memory that cannot be written', { timeout: 60_000 }, async () => {
  const { large, path } = opened(0)
  rmSync(path, { recursive: true })
  const one = large.hold(text(1))
  large.hold(text(2))
  await until(() => !one.isLeaving)
  assert.ok(one.read().equals(text(1)))
})

test('LargeObjects writes synchronously while the store is loaded, so that nothing waits in memory', () => {
  const large = new LargeObjects({ folder: new OverflowFolder(join(root, 'load')), log: silentLogger, cacheBytes: 2000 })
  for (let number = 0; number < 50; number++) large.hold(text(number))
  assert.deepEqual([large.files, large.bytesInMemory], [48, 2000])
})

test('LargeObjects closes after pending writes, and removes its folder', { timeout: 60_000 }, async () => {
  for (let round = 0; round < 20; round++) {
    const { large, path } = opened(0)
    const held = Array.from({ length: 10 }, (_, number) => large.hold(text(number)))
    const closed = large.close()
    large.hold(text(10))
    await closed
    assert.equal(existsSync(path), false)
    assert.equal(held.length, 10)
  }
})
