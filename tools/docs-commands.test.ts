// The commands of `bulkhead` that documents show exist, and take the flags that they show.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { StricliProcess } from '@stricli/core'
import { runCommandLine } from '../src/cli/command-line.ts'

const root = join(import.meta.dirname, '..')
const documents = ['README.md', 'README.zh.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...globSync('docs/*.md', { cwd: root })]

/** A code mark, or a line of a code block. Tables escape the bar that separates the values of a flag. */
const shown = /`(?:npx )?(bulkhead [^`\n]+)`|^(?:\$ )?(?:npx )?(bulkhead [^\n]+)$|[`^](?:\$ )?npm start -- ([^`\n]+)`/gm
/** `--no-install` is of `npm start` itself. */
const flag = /(?<![\w/])--?(?!no-install)[a-z][a-z0-9-]*/g

/** Of groups that run one of their commands without its name. */
const others = ['verify package', 'verify manifests']

interface Use {
  /** Such as `policy test`. */
  readonly command: string
  readonly flags: readonly string[]
}

/** Pure. Behind a pipe or a comment another program's words begin. */
function usesOf(document: string): Use[] {
  return [...document.matchAll(shown)].flatMap(([, mark, line, start]) => {
    const text =
      (start === undefined ? (mark ?? line ?? '') : `bulkhead up ${start}`).replaceAll('\\|', '|').split(/ (?:\||#|&&) /)[0] ?? ''
    const [, first = '', second = ''] = text.split(/\s+/)
    const group =
      ['policy', 'image', 'join-ticket', 'node', 'evidence', 'audit', 'trust', 'advisories', 'dev', 'store', 'backup'].includes(first) ||
      others.includes(`${first} ${second}`)
    if (!/^[a-z][a-z-]*$/.test(first) || (group && !/^[a-z]+$/.test(second))) return []
    return [{ command: group ? `${first} ${second}` : first, flags: text.match(flag) ?? [] }]
  })
}

async function helpOf(command: string): Promise<string> {
  let out = ''
  const process: StricliProcess = { stdout: { write: chunk => (out += chunk) }, stderr: { write: chunk => (out += chunk) } }
  await runCommandLine([...command.split(' '), '--help'], process)
  // `--[no-]x` stands for two flags.
  return out.replaceAll(/--\[no-\](\S+)/g, '--$1, --no-$1')
}

const helps = new Map<string, Promise<string>>()

for (const document of documents) {
  test(`${document} shows commands of bulkhead that exist, with flags that they take`, async () => {
    const faults: string[] = []
    for (const { command, flags } of usesOf(readFileSync(join(root, document), 'utf8'))) {
      const help = await (helps.get(command) ?? helps.set(command, helpOf(command)).get(command))
      if (!help?.includes(`\nUsage:\n  bulkhead ${command} `)) faults.push(`bulkhead ${command} is no command`)
      else
        for (const name of flags)
          if (!new RegExp(`[\\s[(/]${name}[\\s\\]/,]`).test(help)) faults.push(`bulkhead ${command} has no flag ${name}`)
    }
    assert.deepEqual(faults, [])
  })
}

test('usesOf() reads marks and lines of blocks, up to another program', () => {
  const document = [
    'Type `bulkhead why --as USER` or `npm start -- --port 1`.',
    '| `bulkhead check -o text\\|json` | x |',
    '```',
    '$ npx bulkhead policy test a.yaml   # --comment',
    'helm template . | bulkhead check -',
    'bulkhead check - | grep --other',
    '```',
  ].join('\n')
  assert.deepEqual(usesOf(document), [
    { command: 'why', flags: ['--as'] },
    { command: 'up', flags: ['--port'] },
    { command: 'check', flags: ['-o'] },
    { command: 'policy test', flags: [] },
    { command: 'check', flags: [] },
  ])
})
