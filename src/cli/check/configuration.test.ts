import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { parseConfiguration, readConfiguration } from './configuration.ts'
import { applyExceptions } from './exceptions.ts'
import type { Finding } from './finding.ts'

const head = 'apiVersion: check.bulkhead.dev/v1alpha1\nkind: CheckConfiguration\n'
const exception = (more: string) => `${head}exceptions:\n  - { rule: probes, owner: ann, reason: batch, expires: 2026-06-30${more} }\n`
const finding: Finding = {
  ...{
    rule: 'probes',
    severity: 'note',
    message: 'm',
    file: 'deploy/web.yaml',
    line: 1,
    column: 1,
    field: 'spec.template.spec.containers[0]',
  },
  object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'team', name: 'web' },
}
const before = Date.parse('2026-06-30T23:59:59Z')
const rulesLeft = (text: string, now = before, findings: readonly Finding[] = [finding]) =>
  applyExceptions(findings, parseConfiguration(text, 'c.yaml'), now).findings.map(({ rule }) => rule)

test('applyExceptions() suppresses findings that an exception covers, until the end of its last day', () => {
  assert.deepEqual(rulesLeft(exception('')), [])
  assert.deepEqual(rulesLeft(exception(''), before + 1000), ['probes', 'expired-exception'])
  assert.equal(applyExceptions([finding], parseConfiguration(exception(''), 'c'), before).excepted, 1)
})

const scopes: readonly [more: string, covered: boolean][] = [
  [', path: "deploy/**"', true],
  [', path: ./deploy/web.yaml', true],
  [', path: "other/**"', false],
  [', kind: Deployment, namespace: team, name: web', true],
  [', kind: Pod', false],
  [', namespace: other', false],
  [', name: we', false],
  [', field: spec.template', true],
  [', field: "spec.template.spec.containers"', true],
  [', field: spec.temp', false],
]
for (const [more, covered] of scopes) {
  test(`applyExceptions() with an exception for ${more.slice(2)} ${covered ? 'suppresses' : 'keeps'} the finding`, () => {
    assert.deepEqual(rulesLeft(exception(more)), covered ? [] : ['probes', 'unused-exception'])
  })
}

test('applyExceptions() drops findings of disabled rules, and reports unused exceptions', () => {
  assert.deepEqual(rulesLeft(`${head}disable: [probes]\n`), [])
  assert.deepEqual(rulesLeft(exception(''), before, []), ['unused-exception'])
  assert.deepEqual(rulesLeft(`${exception('')}disable: [unused-exception]\n`, before, []), [])
})

const wrong: readonly { readonly name: string; readonly text: string; readonly says: RegExp }[] = [
  { name: 'another kind', text: 'kind: Pod', says: /must be a CheckConfiguration/ },
  { name: 'an unknown field', text: `${head}disabled: [x]\n`, says: /unknown field "disabled"/ },
  { name: 'an unknown field of an exception', text: exception(', nmae: web'), says: /exceptions\[0\]: unknown field "nmae"/ },
  {
    name: 'a misspelt rule',
    text: `${head}disable: [imageTag]\n`,
    says: /disable\[0\] names the unknown rule "imageTag"; did you mean "image-tag"\?/,
  },
  {
    name: 'an unknown rule',
    text: exception('').replace('probes', 'nothing'),
    says: /exceptions\[0\]\.rule names the unknown rule "nothing"/,
  },
  { name: 'no owner', text: exception('').replace('owner: ann, ', ''), says: /needs "owner"/ },
  { name: 'no reason', text: exception('').replace('reason: batch, ', ''), says: /needs "reason"/ },
  { name: 'no end', text: exception('').replace(', expires: 2026-06-30', ''), says: /needs "expires"/ },
  { name: 'an end that is not a day', text: exception('').replace('2026-06-30', 'never'), says: /expires must be a day/ },
  { name: 'a day that is not in the calendar', text: exception('').replace('2026-06-30', '2026-13-01'), says: /expires must be a day/ },
  { name: 'a reason of blanks', text: exception('').replace('reason: batch', 'reason: " "'), says: /reason must be a string/ },
  { name: 'an invalid threshold', text: `${head}failOn: never\n`, says: /failOn/ },
  { name: 'a duplicate key', text: `${head}disable: []\ndisable: [x]\n`, says: /already set/ },
  { name: 'no YAML', text: 'a: [', says: /yaml/ },
  { name: 'a list', text: '[]', says: /must be an object/ },
  { name: 'rules that are not lists', text: `${head}disable: probes\n`, says: /must be a list of rules/ },
  { name: 'a file above the size limit', text: `${head}# ${'x'.repeat(1024 * 1024)}`, says: /more than/ },
]
for (const { name, text, says } of wrong) {
  test(`parseConfiguration() refuses ${name}`, () => {
    assert.throws(
      () => parseConfiguration(text, 'c.yaml'),
      err => err instanceof UserError && says.test(err.message),
    )
  })
}

test('readConfiguration() requires the file only if it was named', () => {
  assert.equal(readConfiguration(undefined).file, undefined)
  assert.throws(() => readConfiguration('/nothing/here.yaml'), UserError)
})
