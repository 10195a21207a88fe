import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { growthPercent } from './heap-room.ts'

const mebibyte = 1 << 20

test('growthPercent() lets a small heap grow, and leaves a large one to V8', () => {
  const percents = (memory: number) => [20, 32, 48, 96, 97].map(held => growthPercent(held * mebibyte, memory * mebibyte))
  assert.deepEqual(percents(4096), [300, 200, 133, 0, 0])
  assert.deepEqual(percents(512), [160, 100, 0, 0, 0])
  assert.deepEqual(percents(256), [0, 0, 0, 0, 0])
})

/**
 * Counts major collections while 48 MiB of objects that lived for a while become garbage, in a heap of 20 MiB that was collected after the
 * start.
 */
function majorCollections(prepare: string): number {
  const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
  const script = `
    import { processMemory } from ${here('./collect-start.ts')}
    import { keepHeapRoom } from ${here('./heap-room.ts')}
    const held = Array.from({ length: 20 * 1024 }, (_, i) => new Array(128).fill(i))
    ${prepare}
    processMemory().collect()
    console.log('collected')
    for (let i = 0; i < 48 * 1024; i++) held[i % held.length] = new Array(128).fill(i)`
  const flags = ['--trace-gc', '--max-semi-space-size=1', '--input-type=module', '--eval', script]
  const [, after = ''] = execFileSync(process.execPath, flags, { encoding: 'utf8' }).split('collected\n')
  return after.split('\n').filter(line => line.includes('Mark-Compact')).length
}

test('keepHeapRoom() lets a small heap grow before it is collected', () => {
  assert.ok(majorCollections('') > 0)
  assert.equal(majorCollections('keepHeapRoom()'), 0)
})
