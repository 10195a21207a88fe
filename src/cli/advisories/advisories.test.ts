import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { importAdvisories, showAdvisories } from './advisories.ts'
import { defaultAdvisories } from './advisories-folder.ts'
import { parseAge, silentSources } from './silence.ts'

const now = Date.UTC(2026, 5, 8)
const kev = (released: string) => JSON.stringify({ dateReleased: released, vulnerabilities: [{ cveID: 'CVE-2026-0001' }] })

function scratch(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'advisories-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const lines: string[] = []
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  return { folder, file, lines, context: { advisories: join(folder, 'database'), now, print: (line: string) => void lines.push(line) } }
}

test('importAdvisories() reports what it imported, and showAdvisories() lists it', async t => {
  const { file, lines, context } = scratch(t)
  await importAdvisories({}, 'kev', file('kev.json', kev('2026-06-01T00:00:00Z')), context)
  assert.match(lines[0] ?? '', /^Imported 1 entry of kev as "kev", of 2026-06-01T00:00:00Z, not signed, sha256:[0-9a-f]{64}$/)
  assert.equal(showAdvisories({}, context), 0)
  assert.deepEqual(lines.slice(1), [
    'NAME  FORMAT  ENTRIES  PUBLISHED             IMPORTED              SIGNED BY  STATE',
    'kev   kev     1        2026-06-01T00:00:00Z  2026-06-08T00:00:00Z  -          ok',
  ])
})

test('showAdvisories() exits with 1 and names a source that is silent, from the exact moment on', async t => {
  const { file, lines, context } = scratch(t)
  await importAdvisories({}, 'kev', file('kev.json', kev('2026-06-01T00:00:00Z')), context)
  assert.equal(showAdvisories({ maxAge: '7d' }, context), 0)
  assert.equal(showAdvisories({ maxAge: '7d' }, { ...context, now: now + 1 }), 1)
  assert.equal(lines.at(-1), '"kev" has published nothing since 2026-06-01T00:00:00Z: it is silent for longer than 7d')
  assert.equal(showAdvisories({}, { ...context, advisories: '/none' }), 1)
})

test('importAdvisories() verifies a signature with a key in PEM', async t => {
  const { file, lines, context } = scratch(t)
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const content = kev('2026-06-01T00:00:00Z')
  const flags = {
    publicKey: file('key.pem', publicKey.export({ type: 'spki', format: 'pem' })),
    signature: file('kev.sig', sign(null, Buffer.from(content), privateKey)),
  }
  await importAdvisories(flags, 'kev', file('kev.json', content), context)
  assert.match(lines[0] ?? '', /signed by [0-9a-f]{16}…/)
  await assert.rejects(importAdvisories(flags, 'kev', file('kev.json', `${content} `), context), {
    name: 'UserError',
    message: /The signature of .* is not one of this key/,
  })
  await assert.rejects(importAdvisories({ publicKey: flags.publicKey }, 'kev', file('kev.json', content), context), {
    message: /must be given together/,
  })
})

test('importAdvisories() refuses unknown sources and times', async t => {
  const { file, context } = scratch(t)
  const path = file('kev.json', kev('2026-06-01T00:00:00Z'))
  await assert.rejects(importAdvisories({}, 'nvd', path, context), {
    name: 'UserError',
    message: /SOURCE must be osv, debian, .* got "nvd"/,
  })
  for (const time of ['yesterday', '2026-13-01', '2026'])
    await assert.rejects(importAdvisories({ time }, 'kev', path, context), { name: 'UserError', message: /--time must be/ })
})

test('parseAge() takes minutes, hours and days', () => {
  assert.deepEqual(['90m', '36h', '7d'].map(parseAge), [5_400_000, 129_600_000, 604_800_000])
  for (const text of ['', '0d', '7', '1.5h', '7w', '-1d', '1000000d'])
    assert.throws(() => parseAge(text), { name: 'UserError', message: /--max-age must be/ }, text)
  assert.deepEqual(silentSources([{ time: 10 }, { time: 9 }], 20, 10), [{ time: 9 }])
})

test('defaultAdvisories() follows the XDG base directories', () => {
  assert.equal(defaultAdvisories('/home/a', undefined), '/home/a/.local/share/bulkhead/advisories')
  assert.equal(defaultAdvisories('/home/a', '/data'), '/data/bulkhead/advisories')
  assert.equal(defaultAdvisories('/home/a', 'relative'), '/home/a/.local/share/bulkhead/advisories')
})
