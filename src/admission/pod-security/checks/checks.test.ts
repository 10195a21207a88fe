import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { load } from 'js-yaml'
import { containersOf } from '../../../api/pods/containers-of.ts'
import type { CheckedPod, VisitedPod } from '../check.ts'
import { evaluate } from '../evaluate.ts'
import { fixingPatch } from '../fix.ts'
import { podSecurityChecks } from './index.ts'

const folder = import.meta.dirname
const files = globSync('*.ts', { cwd: folder }).filter(file => !file.endsWith('.test.ts') && file !== 'index.ts')
const modules = await Promise.all(files.map(async file => ({ file, exports: await import(join(folder, file)) })))

function fixture(file: string, kind: 'pass' | 'fail'): CheckedPod {
  const content = load(readFileSync(join(folder, `${basename(file, '.ts')}.${kind}.yaml`), 'utf8')) as Partial<CheckedPod>
  assert.ok(content.spec)
  return { metadata: content.metadata ?? {}, spec: content.spec }
}

const visited = (pod: CheckedPod): VisitedPod => ({ ...pod, visited: containersOf(pod.spec) })

test('podSecurityChecks lists every file of the folder, once', () => {
  assert.equal(podSecurityChecks.length, files.length)
  assert.equal(new Set(podSecurityChecks.map(({ id }) => id)).size, files.length)
  for (const { file, exports } of modules)
    assert.ok(
      podSecurityChecks.some(check => Object.values(exports).includes(check)),
      `${file} is not listed`,
    )
})

for (const { file, exports } of modules) {
  const check = podSecurityChecks.find(candidate => Object.values(exports).includes(candidate))
  test(`${check?.id} refuses its failing fixture, names fields and passes the other`, () => {
    assert.ok(check)
    const newest = check.versions.at(-1)
    const bad = newest?.check(visited(fixture(file, 'fail')))
    assert.ok(bad && !bad.allowed)
    assert.ok(bad.fields.length > 0 && bad.fields.every(field => /^(spec|metadata)\./.test(field)))
    assert.deepEqual(newest?.check(visited(fixture(file, 'pass'))), { allowed: true })
  })
  test(`${check?.id} is found by evaluate() at its level, and its fix passes`, () => {
    assert.ok(check)
    const pod = fixture(file, 'fail')
    const levelVersion = { level: check.level, minor: 'latest' } as const
    const findings = evaluate(pod, levelVersion)
    assert.ok(findings.some(finding => finding.check === check))
    const patch = fixingPatch(pod, findings, levelVersion, '')
    // Which volume a pod needs instead of a forbidden one, only its author knows.
    assert.equal(patch === undefined, check.fix === undefined)
    if (check.level === 'restricted') assert.deepEqual(evaluate(fixture(file, 'pass'), levelVersion), [])
  })
}

test('evaluate() applies the checks of the requested version', () => {
  const escalating = fixture('allow-privilege-escalation', 'fail')
  assert.deepEqual(evaluate(escalating, { level: 'restricted', minor: 7 }), [])
  assert.equal(evaluate(escalating, { level: 'restricted', minor: 8 }).length, 1)
  assert.deepEqual(evaluate(escalating, { level: 'baseline', minor: 'latest' }), [])
  assert.equal(evaluate(fixture('sysctls', 'pass'), { level: 'baseline', minor: 31 }).length, 1)
  assert.equal(evaluate(fixture('se-linux-options', 'pass'), { level: 'baseline', minor: 30 }).length, 1)
})

test('evaluate() reports an override once: the restricted check replaces the baseline one', () => {
  const ids = evaluate(fixture('capabilities-baseline', 'fail'), { level: 'restricted', minor: 'latest' }).map(({ check }) => check.id)
  assert.ok(ids.includes('capabilities_restricted'))
  assert.ok(!ids.includes('capabilities_baseline'))
})
