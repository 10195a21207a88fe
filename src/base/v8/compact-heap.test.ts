import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { addressGaps } from './compact-heap.ts'

const tebibyte = 2 ** 40

/** The number of additional mappings in a separate process after 64 MB of small objects. */
function mappingsOfHeap(before: string): number {
  const script = `
    import { readFileSync } from 'node:fs'
    ${before}
    const mappings = () => readFileSync('/proc/self/maps', 'latin1').split('\\n').length
    const first = mappings()
    globalThis.kept = Array.from({ length: 1e6 }, (_, index) => ({ index, next: { index } }))
    console.log(mappings() - first)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }))
}

test('heap pages are adjacent, so that there are few mappings', { skip: process.platform !== 'linux' }, () => {
  const module = JSON.stringify(new URL('compact-heap.ts', import.meta.url).href)
  const scattered = mappingsOfHeap('')
  const compact = mappingsOfHeap(`const { compactHeap } = await import(${module}); compactHeap()`)
  assert.ok(scattered > 100, `${scattered} mappings: V8 places its pages otherwise than it did, and compactHeap() is for nothing`)
  assert.ok(compact < scattered / 4, `${compact} mappings, ${scattered} without`)
})

test('nearly all of the address space is reserved, and no memory', { skip: process.platform !== 'linux' }, () => {
  // In a separate process: memory of other test files would count.
  const script = `
    const { compactHeap } = await import(${JSON.stringify(new URL('compact-heap.ts', import.meta.url).href)})
    const before = process.memoryUsage.rss()
    const first = compactHeap()
    const memory = process.memoryUsage.rss() - before
    console.log(JSON.stringify({ first, memory, second: compactHeap() }))`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  const { first, memory, second } = JSON.parse(output) as { first: number; memory: number; second: number }
  assert.ok(first > 100 * tebibyte, output)
  assert.ok(memory < 16 << 20, output)
  assert.ok(second < 16 * tebibyte, `what is taken once is not taken again: ${output}`)
})

test('a limit of the address space is no failure', { skip: process.platform !== 'linux' }, () => {
  const module = JSON.stringify(new URL('compact-heap.ts', import.meta.url).href)
  const script = `const { compactHeap } = await import(${module}); console.log(compactHeap())`
  const limited = execFileSync('sh', ['-c', 'ulimit -v 8388608 && exec "$0" --input-type=module --eval "$1"', process.execPath, script], {
    encoding: 'utf8',
  })
  assert.equal(limited, '0\n')
})

test('gaps are those between mappings, up to the stack', () => {
  const maps = [
    '00400000-03a00000 r-xp 00000000 fe:00 131 /usr/bin/node',
    '2e4a240000-2e4a280000 rw-p 00000000 00:00 0 ',
    '2e4a280000-2e4a2c0000 rw-p 00000000 00:00 0 ',
    '2f00000000-2f00040000 rw-p 00000000 00:00 0 ',
    '7f0000000000-7f0000100000 r--p 00000000 fe:00 9 /usr/lib/libc.so.6',
    '7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]',
    'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]',
  ]
  assert.deepEqual(addressGaps(Buffer.from(`${maps.join('\n')}\n`)), [
    { start: 0x03a00000, end: 0x2e4a240000 },
    { start: 0x2f00040000, end: 0x7f0000000000 },
  ])
  assert.deepEqual(addressGaps(Buffer.from('')), [])
})
