import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { LineTooLong, readLines } from './read-lines.ts'

async function linesOf(content: string, maxLineBytes = 5 << 20): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'read-lines-'))
  try {
    const path = join(folder, 'file')
    writeFileSync(path, content)
    const lines: string[] = []
    for await (const some of readLines(path, maxLineBytes)) lines.push(...some.map(String))
    return lines
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const long = `${'x'.repeat((1 << 20) - 1)}é`.repeat(3)
const contents: readonly [name: string, lines: readonly string[]][] = [
  ['an empty file', []],
  ['empty lines', ['\n', '\n']],
  ['a cut end', ['a\n', 'b']],
  ['lines longer than a chunk', [`${long}\n`, 'b\n', `${long}\n`]],
]
for (const [name, lines] of contents) {
  test(`readLines() gives the lines of ${name}`, async () => assert.deepEqual(await linesOf(lines.join('')), lines))
}

test('readLines() rejects lines over the limit, also one that never ends', async () => {
  await assert.rejects(linesOf('aaaa\n', 4), LineTooLong)
  await assert.rejects(linesOf('aaaaa', 4), LineTooLong)
})
