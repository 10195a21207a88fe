// README.zh.md equals README.md: the same headings, commands, tables and links, in the same order.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

interface Outline {
  readonly headings: readonly string[]
  readonly blocks: readonly string[]
  readonly tables: readonly string[]
  /** Code marks and link targets, sorted within a line of the document: a translation may put them in another order. */
  readonly marks: readonly string[]
}

const block = /^```[\s\S]*?^```/gm
/** A comment behind a command or a statement is translated, so it is left out. */
const comment = /(?:^\$ #| {2,}#| {2,}\/\/).*$/gm
const otherLanguage = /^\[[^\]]+\]\(README(?:\.zh)?\.md\)$/

function outlineOf(document: string): Outline {
  const lines = document
    .replace(block, '')
    .split('\n')
    .filter(line => line.trim() !== '' && !otherLanguage.test(line))
  const marksOf = (line: string) => [...line.matchAll(/`([^`]+)`|\]\(([^)]+)\)/g)].map(([, code, target]) => code ?? `-> ${target}`)
  return {
    headings: lines.filter(line => line.startsWith('#')).map(line => line.replace(/[^#].*$/, '')),
    blocks: (document.match(block) ?? []).map(text => text.replace(comment, '').trimEnd()),
    tables: lines.filter(line => line.startsWith('|')).map(line => `${line.split(/(?<!\\)\|/).length - 2} cells`),
    marks: lines.map(line => marksOf(line).sort().join(' ')),
  }
}

test('README.zh.md has the headings, commands, tables and links of README.md', () => {
  const [english, chinese] = ['README.md', 'README.zh.md'].map(name =>
    outlineOf(readFileSync(join(import.meta.dirname, '..', name), 'utf8')),
  )
  assert.ok((english?.headings.length ?? 0) > 5 && (english?.blocks.length ?? 0) > 2)
  assert.deepEqual(chinese, english)
})

const whole = '# A\n\ntext `a` and [b](c.md)\n\n```\nrun it   # now\n```\n| a | b |\n'
const differences: readonly { readonly name: string; readonly translation: string; readonly equal: boolean }[] = [
  { name: 'other words', translation: whole.replace('A', 'B').replace('text', 'words').replace('now', 'later'), equal: true },
  { name: 'another order within a line', translation: whole.replace('text `a` and [b](c.md)', '[b](c.md) then `a`'), equal: true },
  { name: 'a heading of another level', translation: whole.replace('# A', '## A'), equal: false },
  { name: 'another command', translation: whole.replace('run it', 'run that'), equal: false },
  { name: 'a code mark less', translation: whole.replace('`a`', 'a'), equal: false },
  { name: 'another link', translation: whole.replace('c.md', 'd.md'), equal: false },
  { name: 'a cell more', translation: whole.replace('| b |', '| b | c |'), equal: false },
  { name: 'a paragraph less', translation: whole.replace('text `a` and [b](c.md)\n', ''), equal: false },
]
for (const { name, translation, equal } of differences) {
  test(`outlineOf() and ${name}`, () => {
    if (equal) assert.deepEqual(outlineOf(translation), outlineOf(whole))
    else assert.notDeepEqual(outlineOf(translation), outlineOf(whole))
  })
}
