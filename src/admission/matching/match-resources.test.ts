import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resources } from '../../api/resources/index.ts'
import type { NamedRuleWithOperations } from '../../api/types/admissionregistration-v1.ts'
import { readerOf } from '../admission.fixture.ts'
import type { AdmissionRequest } from '../admission.ts'
import { servedKinds } from '../served-kinds.ts'
import { compileMatchResources } from './match-resources.ts'

const deployments = servedKinds(resources).byKind('apps/v1', 'Deployment') ?? assert.fail('no Deployment')
const kinds = servedKinds(['v1', 'v1beta1', 'v1beta2'].map(version => ({ ...deployments, version })))
const context = { reader: readerOf({}), kinds }
const rule = (...apiVersions: string[]): NamedRuleWithOperations => ({
  apiGroups: ['apps'],
  apiVersions,
  operations: ['CREATE'],
  resources: ['deployments'],
})

const rows: readonly [what: string, rules: readonly NamedRuleWithOperations[], version: string | undefined][] = [
  ['the requested version before all others', [rule('v1beta2'), rule('v1')], 'v1'],
  ['the version of the first rule among other versions', [rule('v1beta2'), rule('v1beta1')], 'v1beta2'],
  ['the first version that one rule names', [rule('v1beta2', 'v1beta1')], 'v1beta1'],
  ['nothing for a rule of no version', [rule('v2')], undefined],
]
for (const [what, resourceRules, version] of rows) {
  test(`matches() finds ${what}`, () => {
    const matcher = compileMatchResources({ resourceRules: [...resourceRules], matchPolicy: 'Equivalent' }, context)
    const request = { operation: 'CREATE', resource: kinds.byKind('apps/v1', 'Deployment'), subresource: '', namespace: 'ns', name: 'd' }
    assert.equal(matcher.matches(request as AdmissionRequest)?.version, version)
  })
}
