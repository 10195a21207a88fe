import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import type { Finding } from '../finding.ts'
import { outputs } from './index.ts'
import type { Report } from './output.ts'

const hostile: Finding = {
  ...{ rule: 'PodSecurity', severity: 'error', message: 'say "<b>" & 100%\n::error::x', file: 'a b/x:1,y.yaml', line: 3, column: 5 },
  ...{ object: { apiVersion: 'v1', kind: 'Pod', namespace: 'team', name: 'web' }, field: 'spec.a' },
  fix: [{ op: 'remove', path: '/spec/a' }],
}
const note: Finding = { rule: 'probes', severity: 'note', message: 'm\u0001', file: '-', line: 1, column: 1 }
const report = (findings: readonly Finding[]): Report => ({
  ...{ findings, objects: 2, files: 1, foreign: 0, excepted: 0, fixed: 0 },
  describe: rule => ({ title: `About ${rule}`, serves: ['C3'] }),
})
const format = (name: string, findings: readonly Finding[] = [hostile, note]) =>
  outputs.find(output => output.name === name)?.format(report(findings), { color: false }) ?? ''

test('outputs lists every file of the folder', () => {
  const files = globSync('*.ts', { cwd: import.meta.dirname }).map(file => file.replace(/\.ts$/, ''))
  assert.deepEqual(
    outputs.map(({ name }) => name).toSorted(),
    files.filter(file => !['index', 'output', 'outputs.test'].includes(file)).toSorted(),
  )
})

test('text uses colors only if requested', () => {
  const [text] = outputs
  assert.ok(text?.format(report([note]), { color: true }).includes('\u001b['))
  assert.ok(!format('text').includes('\u001b['))
})

test('CVE-2021-25743: text keeps each finding on one line and escapes control characters', () => {
  const [first, second] = format('text').split('\n')
  assert.match(first ?? '', /say "<b>" & 100%; ::error::x \[PodSecurity\]$/)
  assert.doesNotMatch(format('text'), /[^\P{C}\n]/u)
  assert.match(second ?? '', /would pass with/)
})

test('json has all fields of each finding, and the standards of its rule', () => {
  const { findings, kind } = JSON.parse(format('json'))
  assert.equal(kind, 'CheckReport')
  assert.deepEqual(findings[0], { ...hostile, serves: ['C3'] })
})

test('sarif has what code scanning requires: rules, levels, relative URIs, lines', () => {
  const { version, runs } = JSON.parse(format('sarif'))
  assert.equal(version, '2.1.0')
  const [{ tool, results }] = runs
  assert.deepEqual(
    tool.driver.rules.map(({ id }: { id: string }) => id),
    ['PodSecurity', 'probes'],
  )
  assert.deepEqual([results[0].ruleId, results[0].ruleIndex, results[0].level], ['PodSecurity', 0, 'error'])
  assert.deepEqual(results[0].locations[0].physicalLocation, {
    artifactLocation: { uri: 'a%20b/x%3A1%2Cy.yaml' },
    region: { startLine: 3, startColumn: 5 },
  })
  assert.equal(results[1].locations[0].physicalLocation.artifactLocation.uri, 'stdin')
})

test('junit is well-formed XML for any manifest, and notes are not failures', () => {
  const xml = format('junit', [{ ...hostile, message: 'a\u0000<]]>&"' }, note])
  assert.match(xml, /message="a\?&lt;\]\]&gt;&amp;&quot;"/)
  assert.equal(xml.match(/<failure /g)?.length, 1)
  assert.match(
    format('junit', []),
    /<testsuites name="bulkhead check" tests="1" failures="0">\n {2}<testsuite name="bulkhead check" tests="1" failures="0">/,
  )
})

test('junit fails a case once for all findings of its object, so that there are never more failures than cases', () => {
  const xml = format('junit', [hostile, { ...hostile, rule: 'resources', line: 9, message: 'no limit' }, { ...hostile, file: 'b.yaml' }])
  assert.match(xml, /<testsuites name="bulkhead check" tests="3" failures="2">/)
  assert.equal(xml.match(/<failure /g)?.length, 2)
  assert.equal(xml.match(/<testcase /g)?.length, 3)
  assert.match(xml, /message="2 findings: PodSecurity, resources">.*no limit \[resources\]<\/failure>/)
})

test('sarif explains its rules, and its fingerprint stays when a finding moves to another line', () => {
  const fingerprintOf = (finding: Finding) => JSON.parse(format('sarif', [finding])).runs[0].results[0].partialFingerprints
  assert.deepEqual(fingerprintOf(hostile), fingerprintOf({ ...hostile, line: 99, column: 1 }))
  for (const other of [{ rule: 'probes' }, { file: 'b.yaml' }, { field: 'spec.b' }, { message: 'm' }])
    assert.notDeepEqual(fingerprintOf(hostile), fingerprintOf({ ...hostile, ...other }))
  const [rule] = JSON.parse(format('sarif')).runs[0].tool.driver.rules
  assert.match(rule.help.text, /^About PodSecurity\. Required by: C3\./)
})

test('github annotates lines, and a manifest cannot inject commands', () => {
  const [first, second, ...others] = format('github').split('\n')
  assert.equal(
    first,
    '::error file=a b/x%3A1%2Cy.yaml,line=3,col=5,title=PodSecurity::Pod team/web: spec.a: say "<b>" & 100%25%0A::error::x',
  )
  assert.match(second ?? '', /^::notice file=-,line=1,col=1,title=probes::/)
  assert.deepEqual(others, [])
})
