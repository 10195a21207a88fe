import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type LogRange, logRange, readContainerLog } from './container-log.ts'
import { parseLogLine } from './log-file.ts'
import { rotateLog } from './log-rotation.ts'

const line = (second: number, text: string, tag = 'F', stream = 'stdout') =>
  `2026-01-01T00:00:${String(second).padStart(2, '0')}.5Z ${stream} ${tag} ${text}\n`
const plain: LogRange = { follow: false, previous: false, timestamps: false }

async function logWith(text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'log-')), '0.log')
  await writeFile(path, text)
  return path
}

async function read(path: string, options: Partial<LogRange> = {}): Promise<string> {
  let text = ''
  const source = { path, running: () => false, changed: async () => undefined }
  for await (const chunk of readContainerLog(source, { ...plain, ...options }, AbortSignal.timeout(60_000))) text += chunk
  return text
}

test('readContainerLog() joins partial records and gives their line one timestamp', async () => {
  const path = await logWith(line(1, 'long ', 'P') + line(1, 'line') + line(2, 'next'))
  assert.equal(await read(path), 'long line\nnext\n')
  assert.equal(await read(path, { timestamps: true }), '2026-01-01T00:00:01.5Z long line\n2026-01-01T00:00:02.5Z next\n')
})

test('readContainerLog() selects by tail, time and bytes', async () => {
  const path = await logWith(line(1, 'a') + line(2, 'b', 'F', 'stderr') + line(3, 'c'))
  assert.equal(await read(path, { tailLines: 2 }), 'b\nc\n')
  assert.equal(await read(path, { tailLines: 0 }), '')
  assert.equal(await read(path, { tailLines: 99 }), 'a\nb\nc\n')
  assert.equal(await read(path, { since: Date.parse('2026-01-01T00:00:02Z') }), 'b\nc\n')
  assert.equal(await read(path, { limitBytes: 3 }), 'a\nb')
})

test('readContainerLog() reads rotated files first, and tails over them', async () => {
  const path = await logWith(line(1, 'a') + line(2, 'b'))
  assert.equal(await rotateLog(path, { bytes: 1, files: 3 }, Date.UTC(2026, 0, 1), () => writeFile(path, line(3, 'c'))), true)
  assert.equal(await read(path), 'a\nb\nc\n')
  assert.equal(await read(path, { tailLines: 2 }), 'b\nc\n')
})

test('readContainerLog() returns no more lines than requested from a log that grows meanwhile', async () => {
  const path = await logWith(line(1, 'a') + line(2, 'b'))
  const source = { path, running: () => true, changed: async () => undefined }
  let text = ''
  for await (const chunk of readContainerLog(source, { ...plain, tailLines: 2 }, AbortSignal.timeout(60_000))) {
    text += chunk
    if (text.length < 100) await appendFile(path, line(3, 'c'))
  }
  assert.equal(text, 'a\nb\n')
})

test('rotateLog() keeps the number of files, drops the oldest first, and restores the name if the runtime cannot reopen', async () => {
  const path = await logWith(line(1, 'x'))
  for (let i = 1; i <= 4; i++)
    await rotateLog(path, { bytes: 1, files: 3 }, Date.UTC(2026, 0, i), () => writeFile(path, line(i, String(i))))
  assert.equal(await read(path), '2\n3\n4\n')
  await assert.rejects(rotateLog(path, { bytes: 1, files: 3 }, Date.UTC(2026, 0, 9), () => Promise.reject(new Error('no'))))
  assert.equal(await read(path), '3\n4\n')
})

test('readContainerLog() follows writes and a rotation until the container has ended', async () => {
  const path = await logWith(line(1, 'one'))
  let running = true
  let end: () => void = () => undefined
  const changed = () =>
    new Promise<void>(resolve => {
      end = resolve
    })
  const follow = readContainerLog({ path, running: () => running, changed }, { ...plain, follow: true }, AbortSignal.timeout(60_000))
  const next = async () => String((await follow.next()).value ?? '')
  assert.equal(await next(), 'one\n')
  const second = next()
  await appendFile(path, line(2, 'two'))
  assert.equal(await second, 'two\n')
  const third = next()
  await rename(path, `${path}.20260101-000000`)
  await writeFile(path, line(3, 'three'))
  assert.equal(await third, 'three\n')
  const last = follow.next()
  await appendFile(path, line(4, 'four'))
  running = false
  end()
  assert.equal(String((await last).value), 'four\n')
  const done = follow.next()
  end()
  assert.equal((await done).done, true)
})

test('parseLogLine() rejects what is not CRI', () => {
  assert.equal(parseLogLine(Buffer.from('hello')), undefined)
  assert.equal(parseLogLine(Buffer.from('t other F x')), undefined)
  assert.equal(parseLogLine(Buffer.from('t stdout F'))?.text.length, 0)
})

test('logRange() begins at a time, or a number of seconds ago', () => {
  assert.deepEqual(logRange({ ...plain, sinceSeconds: 10, tailLines: 5 }, 60_000), { ...plain, since: 50_000, tailLines: 5 })
  assert.deepEqual(logRange({ ...plain, sinceTime: '1970-01-01T00:00:07Z' }, 60_000), { ...plain, since: 7000 })
  assert.deepEqual(logRange(plain, 60_000), plain)
})
