import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AttestedStatements, maxAllStatements, maxImageStatements } from './attested-statements.ts'

const image = `sha256:${'a'.repeat(64)}` as const
const other = `sha256:${'b'.repeat(64)}` as const
const documentOf = (...vulnerabilities: string[]): string =>
  JSON.stringify({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    timestamp: '2026-05-01T00:00:00Z',
    statements: vulnerabilities.map(name => ({
      vulnerability: { name },
      products: [{ '@id': 'pkg:npm/x' }],
      status: 'not_affected',
      justification: 'component_not_present',
    })),
  })

test('AttestedStatements returns what was said of an image alone, and the last documents alone', () => {
  const known = new AttestedStatements()
  known.set(image, [documentOf('CVE-2026-0001'), documentOf('CVE-2026-0001', 'CVE-2026-0002')])
  assert.equal(known.of(image, 'CVE-2026-0001').length, 2)
  assert.equal(known.of(image, 'CVE-2026-0003').length, 0)
  assert.equal(known.of(other, 'CVE-2026-0001').length, 0)
  known.set(image, [documentOf('CVE-2026-0002')])
  assert.equal(known.of(image, 'CVE-2026-0001').length, 0)
  known.set(image, [])
  assert.equal(known.of(image, 'CVE-2026-0002').length, 0)
})

test('AttestedStatements leaves out what it cannot read, and all of an image with too many statements', () => {
  const known = new AttestedStatements()
  known.set(image, ['{"statements":5}', '{', documentOf('CVE-2026-0001')])
  assert.equal(known.of(image, 'CVE-2026-0001').length, 1)
  known.set(image, [documentOf(...Array.from({ length: maxImageStatements + 1 }, (_, at) => `CVE-2026-${at}`))])
  assert.equal(known.of(image, 'CVE-2026-1').length, 0)
})

test('AttestedStatements forgets the oldest images when all together have too many statements', () => {
  const known = new AttestedStatements()
  const full = documentOf(...Array.from({ length: maxImageStatements }, (_, at) => `CVE-2026-${at}`))
  const named = (count: number) => `sha256:${String(count).padStart(64, '0')}` as const
  const most = maxAllStatements / maxImageStatements
  for (let count = 0; count <= most; count++) known.set(named(count), [full])
  assert.deepEqual([known.has(named(0)), known.has(named(1)), known.has(named(most))], [false, true, true])
})
