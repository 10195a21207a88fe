import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Digest } from '../oci/digest.ts'
import type { Finding, Severity } from './finding.ts'
import { candidateTags, proposeUpdate, type ScannedTag, updatePatch } from './propose-updates.ts'

const finding = (id: string, severity: Severity): Finding => ({
  advisory: id,
  cves: [id],
  severity,
  source: 'test',
  package: { type: 'npm', name: 'a', version: '1', locations: [] },
})
const digest = (byte: string): Digest => `sha256:${byte.repeat(32)}`
const [a, b, c] = [finding('CVE-1', 'critical'), finding('CVE-2', 'high'), finding('CVE-3', 'low')]
const current: ScannedTag = { tag: '1.27.1-alpine3.20', digest: digest('a1'), findings: [a, b, b] }
const tag = (name: string, byte: string, findings: readonly Finding[]): ScannedTag => ({ tag: name, digest: digest(byte), findings })

test('proposeUpdate() proposes the lowest risk, and the closest of equal ones, with the difference of findings', () => {
  const candidates = [tag('1.29.0-alpine3.21', 'b1', [c]), tag('1.27.2-alpine3.20', 'b2', [c]), tag('1.27.3-alpine3.20', 'b3', [b])]
  const proposal = proposeUpdate(current, candidates)
  assert.equal(proposal?.to.tag, '1.27.2-alpine3.20')
  assert.deepEqual([proposal.fixed, proposal.added, proposal.remaining], [['CVE-1', 'CVE-2'], ['CVE-3'], 1])
})

test('proposeUpdate() proposes a new digest of the same tag', () => {
  assert.equal(proposeUpdate(current, [tag(current.tag, 'b1', [])])?.to.digest, digest('b1'))
  assert.equal(proposeUpdate({ ...current, tag: 'latest' }, [tag('latest', 'b1', [])])?.to.digest, digest('b1'))
})

test('proposeUpdate() proposes nothing that is older, another variant, no version, the same or not better', () => {
  const rows: readonly ScannedTag[] = [
    tag('1.26.9-alpine3.20', 'b1', []),
    tag('1.28.0', 'b1', []),
    tag('1.28.0-slim', 'b1', []),
    tag('latest', 'b1', []),
    tag('1.28.0-alpine3.20', 'b1', [a, b]),
    { ...current, findings: [] },
  ]
  for (const one of rows) assert.equal(proposeUpdate(current, [one]), undefined, one.tag)
})

test('proposeUpdate() does not count findings that do not apply', () => {
  const proposal = proposeUpdate(current, [tag('1.27.2-alpine3.20', 'b1', [{ ...a, notAffected: 'component_not_present' }, b])])
  assert.deepEqual([proposal?.fixed, proposal?.remaining], [['CVE-1'], 1])
})

test('updatePatch() pins the proposed digest in YAML', () => {
  const proposal = proposeUpdate(current, [tag('1.27.2-alpine3.20', 'b1', [])])
  assert.ok(proposal)
  assert.equal(
    updatePatch('registry.example/web', 'web', proposal),
    `spec:\n  template:\n    spec:\n      containers:\n        - name: "web"\n          image: "registry.example/web:1.27.2-alpine3.20@${digest('b1')}"\n`,
  )
})

test('candidateTags() chooses the same tag, the newest of its first number, and the newest of its variant', () => {
  const tags = ['latest', '1.25', '1.27', '1.27-alpine', '1.26', '2.0', '1.30', '0.9', 'v9x']
  assert.deepEqual(candidateTags('1.26', tags), ['1.26', '1.30', '2.0'])
  assert.deepEqual(candidateTags('2.0', tags), ['2.0'])
  assert.deepEqual(candidateTags('1.26-alpine', tags), ['1.26-alpine', '1.27-alpine'])
  assert.deepEqual(candidateTags('latest', tags), ['latest'])
})
